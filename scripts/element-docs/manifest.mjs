// The custom elements manifest, made from the class and cleaned of what is nobody else's business.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, ts } from "@custom-elements-manifest/analyzer";
import { litPlugin } from "@custom-elements-manifest/analyzer/src/features/framework-plugins/lit/lit.js";

const source = "src/element/mner-qg.ts";

function analyse(root, plugins) {
  const text = readFileSync(join(root, source), "utf8");
  const module = ts.createSourceFile(source, text, ts.ScriptTarget.ES2022, true);
  const { modules } = create({ modules: [module], plugins, dev: false });
  return modules[0].declarations.find(({ kind }) => kind === "class");
}

export function readManifest(root, path) {
  const element = analyse(root, litPlugin());
  // The plugin puts the property's words in place of the attribute's. What the header says of an attribute stands.
  const header = analyse(root, []);
  const byName = new Map(header.attributes.map((attribute) => [attribute.name, attribute]));
  element.attributes = element.attributes.map(({ name, fieldName, default: value }) => {
    const said = byName.get(name);
    if (!said) throw new Error(`The attribute ${name} has no @attr line in the header of ${source}.`);
    byName.delete(name);
    return { name, type: said.type, description: said.description, ...(value && { default: value }), fieldName };
  });
  for (const name of byName.keys())
    throw new Error(`The header of ${source} tells of an attribute ${name} that is none.`);
  // What is static is said to Lit, not to pages.
  element.members = element.members.filter(
    ({ name, privacy, static: ofClass }) => !ofClass && (privacy === "public" || (!privacy && !name.startsWith("#"))),
  );
  for (const member of element.members) {
    if (!member.description) throw new Error(`The member ${member.name} of ${source} has no description.`);
    // Defaults are set in the constructor, one for several; the analyser only sees some of them.
    delete member.default;
  }
  element.superclass = { name: "HTMLElement" };
  const reference = { name: element.name, module: path };
  return {
    schemaVersion: "2.1.0",
    readme: "README.md",
    modules: [
      {
        kind: "javascript-module",
        path,
        declarations: [element],
        exports: [
          { kind: "js", name: element.name, declaration: reference },
          { kind: "custom-element-definition", name: element.tagName, declaration: reference },
        ],
      },
    ],
  };
}
