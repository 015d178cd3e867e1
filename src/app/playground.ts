// The playground of the documentation: a field for each attribute of the tag, the tag itself, and the code for it.
import { escapeXml } from "../element/exports/paint-svg.js";
import { defineMnerQg } from "../element/mner-qg.js";
import { versionedFiles } from "../pwa/versioned-files.js";
import { examples, photoAddress } from "./examples/examples.js";

interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

const field = (attribute: Attribute, value: string): HTMLInputElement | HTMLSelectElement => {
  const choices = [...attribute.type.matchAll(/"([^"]+)"/g)].map(([, choice]) => choice!);
  if (choices.length > 0) {
    const select = document.createElement("select");
    for (const choice of ["", ...choices]) select.add(new Option(choice || "(not set)", choice));
    return select;
  }
  const input = document.createElement("input");
  input.type = attribute.type === "boolean" ? "checkbox" : attribute.type === "number" ? "number" : "text";
  if (input.type === "number") Object.assign(input, { min: "0", max: "1", step: "0.05" });
  input.value = value;
  return input;
};

function begin(place: HTMLElement): void {
  defineMnerQg();
  const attributes = JSON.parse(place.dataset.attributes ?? "[]") as Attribute[];
  const [example] = examples;
  // The documentation lies a folder below the page.
  const site = new URL("../", document.baseURI);
  const start: Readonly<Record<string, string>> = {
    text: example!.text,
    src: new URL(photoAddress(example!), site).href,
    alt: example!.alt,
  };
  const tag = document.createElement("mner-qg");
  tag.model = new URL(versionedFiles.model, site).href;
  const code = document.createElement("pre");
  code.tabIndex = 0;
  const fields = document.createElement("div");
  fields.className = "fields";
  const values = new Map(Object.entries(start));

  const show = (): void => {
    const written = attributes
      .filter(({ name }) => values.has(name))
      .map(({ name, type }) => (type === "boolean" ? name : `${name}="${escapeXml(values.get(name)!)}"`));
    code.textContent = `<mner-qg ${written.join("\n  ")}></mner-qg>`;
  };
  for (const attribute of attributes) {
    const { name, type, description } = attribute;
    const control = field(attribute, start[name] ?? "");
    const label = document.createElement("label");
    const about = document.createElement("small");
    about.textContent = description;
    label.append(name, control, about);
    fields.append(label);
    if (start[name]) tag.setAttribute(name, start[name]);
    control.addEventListener("change", () => {
      const isOn = type === "boolean" ? (control as HTMLInputElement).checked : control.value !== "";
      if (isOn) values.set(name, type === "boolean" ? "" : control.value);
      else values.delete(name);
      if (isOn) tag.setAttribute(name, values.get(name)!);
      else tag.removeAttribute(name);
      show();
    });
  }
  show();
  place.append(tag, code, fields);
}

const place = document.querySelector<HTMLElement>("#playground");
if (place) begin(place);
