// Writes docs/element.md from the element's manifest, which is made from the JSDoc header of its class.
import { readManifest } from "../element-docs/manifest.mjs";

const cell = (text) => (text ?? "").replace(/\s+/g, " ").replaceAll("|", "\\|").trim();
const code = (text) => (text ? `\`${cell(text)}\`` : "");

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function signature({ name, parameters = [], return: returns }) {
  const list = parameters.map((parameter) => `${parameter.name}${parameter.optional || parameter.default ? "?" : ""}`);
  return code(`${name}(${list.join(", ")})${returns ? `: ${returns.type.text}` : ""}`);
}

export function writeElementPage(root) {
  const { declarations } = readManifest(root, "mner-qg.js").modules[0];
  const [element] = declarations;
  const attributes = new Set(element.attributes.map(({ fieldName }) => fieldName));
  const fields = element.members.filter(({ kind, name }) => kind === "field" && !attributes.has(name));
  const methods = element.members.filter(({ kind }) => kind === "method");
  const described = (list) => list.map(({ name, description }) => [code(name), cell(description)]);
  return `# \`<${element.tagName}>\`

Made from the JSDoc header of \`src/element/mner-qg.ts\` by \`npm run docs\`; do not edit.

${element.description}

## Attributes

Each is a property, too.

${table(
  ["attribute", "type", ""],
  element.attributes.map(({ name, type, description }) => [code(name), code(type.text), cell(description)]),
)}

## Properties

${table(
  ["property", "type", ""],
  fields.map(({ name, type, description }) => [code(name), code(type.text), cell(description)]),
)}

## Methods

${table(
  ["method", ""],
  methods.map((method) => [signature(method), cell(method.description)]),
)}

## Events

They bubble and leave shadow trees.

${table(
  ["event", "type", ""],
  element.events.map(({ name, type, description }) => [code(name), code(type.text), cell(description)]),
)}

## Slots

${table(
  ["slot", ""],
  element.slots.map(({ name, description }) => [name ? code(name) : "(default)", cell(description)]),
)}

## Parts

${table(["part", ""], described(element.cssParts))}

## Custom properties

${table(["property", ""], described(element.cssProperties))}
`;
}
