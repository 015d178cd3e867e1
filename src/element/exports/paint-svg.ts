// Writes a picture as SVG source. Everything that came from outside is escaped, and what XML cannot hold is replaced.
import type { Picture, Shape } from "./picture-layout.js";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** XML 1.0 knows no control characters, no halves of surrogate pairs, no U+FFFE and U+FFFF. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be replaced
const unwritable = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu;

export function escapeXml(text: string): string {
  return text.replace(unwritable, "\uFFFD").replace(/[&<>"']/g, (character) => entities[character]!);
}

const number = (value: number): string => String(Math.round(value * 100) / 100);

function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== "none")
    .map(([name, value]) => ` ${name}="${typeof value === "number" ? number(value) : escapeXml(value!)}"`)
    .join("");
}

function write(shape: Shape, photo: string | null, font: string): string {
  switch (shape.kind) {
    case "photo": {
      const { x, y, width, height } = shape;
      return photo
        ? `<image${attributes({ href: photo, x, y, width, height, preserveAspectRatio: "xMidYMid slice" })}/>`
        : `<rect${attributes({ x, y, width, height, fill: "#e6e7ea" })}/>`;
    }
    case "rect": {
      const { x, y, width, height, stroke, strokeWidth, dash, opacity } = shape;
      const fill = shape.fill ?? "transparent";
      const rest = { stroke, "stroke-width": strokeWidth, "stroke-dasharray": dash, "fill-opacity": opacity };
      return `<rect${attributes({ x, y, width, height, fill, ...rest })}/>`;
    }
    case "line": {
      const { x, y, width, stroke, strokeWidth, dash } = shape;
      const rest = { stroke, "stroke-width": strokeWidth, "stroke-dasharray": dash };
      return `<line${attributes({ x1: x, y1: y, x2: x + width, y2: y, ...rest })}/>`;
    }
    case "path":
      return `<path${attributes({ d: shape.path, transform: `translate(${number(shape.x)} ${number(shape.y)}) scale(${shape.scale})`, fill: shape.fill })}/>`;
    case "text": {
      const { x, y, size, weight, fill, direction } = shape;
      const look = { "font-family": font, "font-size": size, "font-weight": weight, fill };
      const way = direction === "rtl" ? { direction, "unicode-bidi": "embed" } : {};
      return `<text${attributes({ x, y, ...look, ...way, "xml:space": "preserve" })}>${escapeXml(shape.text)}</text>`;
    }
  }
}

export function paintSvg(picture: Picture, photo: string | null, title: string, font: string): string {
  const { width, height } = picture;
  const body = picture.shapes.map((shape) => write(shape, photo, font)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">\n<title>${escapeXml(title)}</title>\n${body}\n</svg>\n`;
}
