// The rooms of src/ and what each may import: read from the table in docs/architecture.md, and drawn from it.

/** Imported by nearly all: drawn, it would only be lines. */
const EVERYWHERE = "core";

/** @returns {Map<string, string[]>} Room by name, with the rooms it may import. */
export function readRooms(markdown) {
  const rooms = new Map();
  for (const line of markdown.split("\n")) {
    const [, room, imports] = /^\| `([\w-]+)` \|[^|]*\|([^|]*)\|$/.exec(line) ?? [];
    if (room)
      rooms.set(
        room,
        [...imports.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
      );
  }
  return rooms;
}

/** A Mermaid drawing: an arrow where one room imports another, without those that follow from others. */
export function drawRooms(rooms) {
  const lines = [];
  for (const [room, imports] of rooms) {
    const direct = imports.filter((name) => name !== EVERYWHERE);
    const shown = direct.filter((name) => !direct.some((other) => other !== name && reaches(rooms, other, name)));
    for (const name of shown) lines.push(`  ${room} --> ${name}`);
  }
  return ["```mermaid", "flowchart TD", ...lines, "```"].join("\n");
}

function reaches(rooms, from, to) {
  return (rooms.get(from) ?? []).some((name) => name === to || reaches(rooms, name, to));
}

const DRAWING = /(<!-- drawing -->\n)[\s\S]*?(\n<!-- \/drawing -->)/;

/** The page with its drawing made anew. */
export function redraw(markdown) {
  if (!DRAWING.test(markdown)) throw new Error("The page has no place for the drawing.");
  return markdown.replace(DRAWING, (_, before, after) => before + drawRooms(readRooms(markdown)) + after);
}
