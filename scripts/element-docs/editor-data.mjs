// Custom data for Visual Studio Code: completion and hover texts for tags, attributes, custom properties and parts.

/** The words of a type like `"lazy" | "eager"`. */
function values(type) {
  return [...(type?.text ?? "").matchAll(/"([^"]+)"/g)].map(([, name]) => ({ name }));
}

function section(title, entries, show) {
  return entries?.length ? `\n\n**${title}**\n${entries.map((entry) => `- ${show(entry)}`).join("\n")}` : "";
}

export function htmlData(element) {
  const described = ({ name, description }) => `\`${name || "(default)"}\`: ${description}`;
  return {
    $schema: "https://raw.githubusercontent.com/microsoft/vscode-html-languageservice/main/docs/customData.schema.json",
    version: 1.1,
    tags: [
      {
        name: element.tagName,
        description: {
          kind: "markdown",
          value:
            element.description +
            section("Events", element.events, described) +
            section("Slots", element.slots, described) +
            section("CSS parts", element.cssParts, described) +
            section("CSS custom properties", element.cssProperties, described),
        },
        attributes: element.attributes.map(({ name, description, type }) => ({
          name,
          description,
          ...(type.text === "boolean" ? { valueSet: "v" } : {}),
          ...(values(type).length ? { values: values(type) } : {}),
        })),
      },
    ],
  };
}

export function cssData(element) {
  return {
    version: 1.1,
    properties: element.cssProperties.map(({ name, description }) => ({ name, description })),
    pseudoElements: element.cssParts.map(({ name, description }) => ({ name: `::part(${name})`, description })),
  };
}
