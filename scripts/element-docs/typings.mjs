// Typings that make <mner-qg> known to JSX and to the templates of Vue and Svelte. Types of properties are taken from the
// class itself, so that they cannot differ from it.

const note = "// Generated from the JSDoc header of the class: change it there.\n";

const comment = (text) => `/** ${text.replaceAll("*/", "*\\/")} */`;
const key = (name) => (/^\w+$/.test(name) ? name : JSON.stringify(name));

/** Our own names, some of which HTML has with another meaning. */
const names = (element) =>
  fields(element)
    .map(({ name }) => JSON.stringify(name))
    .join(" | ");

const fields = (element) => element.members.filter(({ kind }) => kind === "field");

/** Properties under their own names, and attributes that are called something else. */
function properties(element, indent) {
  const lines = fields(element).map(
    ({ name, description }) => `${comment(description)}\n${key(name)}?: MnerQg["${name}"] | undefined;`,
  );
  const renamed = element.attributes.filter(({ name, fieldName }) => name !== fieldName);
  for (const { name, fieldName, description } of renamed) {
    lines.push(`${comment(description)}\n${key(name)}?: MnerQg["${fieldName}"] | undefined;`);
  }
  return indented(lines, indent);
}

/** One handler per event; `name` says what the framework calls it. */
function handlers(element, indent, name) {
  return indented(
    element.events.map(
      (event) =>
        `${comment(event.description)}\n${key(name(event.name))}?: ((event: MnerEventMap["${event.name}"]) => void) | undefined;`,
    ),
    indent,
  );
}

const indented = (lines, indent) =>
  lines
    .join("\n")
    .split("\n")
    .map((line) => `${indent}${line}`)
    .join("\n");

/** \`mner-result\` as \`MnerResult\`. */
const camel = (name) => name.replace(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase());

const fromTypes = (types) => (types.startsWith(".") ? `.${types}` : types);

export function frameworkTypes(element, types) {
  const imports = `${note}import type { MnerEventMap, MnerQg } from "${fromTypes(types)}";\n`;
  const jsx = (framework, base) => `${imports}${base.imports}
declare module "${framework}" {
  namespace JSX {
    interface IntrinsicElements {
      "${element.tagName}": ${base.attributes} & MnerQgProps;
    }
  }
}

export interface MnerQgProps {
${properties(element, "  ")}
${handlers(element, "  ", (name) => `on${name}`)}
}
`;
  return {
    "typings/react.d.ts": jsx("react", {
      imports: `import type { DetailedHTMLProps, HTMLAttributes } from "react";\n`,
      attributes: `DetailedHTMLProps<Omit<HTMLAttributes<MnerQg>, keyof MnerQgProps>, MnerQg>`,
    }),
    "typings/preact.d.ts": jsx("preact", {
      imports: `import type { JSX } from "preact";\n`,
      attributes: `Omit<JSX.HTMLAttributes<MnerQg>, keyof MnerQgProps>`,
    }),
    "typings/vue.d.ts": `${imports}import type { DefineComponent, HTMLAttributes } from "vue";

declare module "vue" {
  interface GlobalComponents {
    "${element.tagName}": DefineComponent<MnerQgProps>;
    ${element.name}: DefineComponent<MnerQgProps>;
  }
}

export interface MnerQgProps extends Omit<HTMLAttributes, ${names(element)}> {
${properties(element, "  ")}
${handlers(element, "  ", (name) => `on${camel(name)}`)}
}
`,
    "typings/svelte.d.ts": `${imports}import type { HTMLAttributes } from "svelte/elements";

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "${element.tagName}": Omit<HTMLAttributes<MnerQg>, keyof MnerQgProps> & MnerQgProps;
  }
}

export interface MnerQgProps {
${properties(element, "  ")}
${handlers(element, "  ", (name) => `on${name}`)}
${handlers(element, "  ", (name) => `on:${name}`)}
}
`,
  };
}
