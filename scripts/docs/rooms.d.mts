export function readRooms(markdown: string): Map<string, string[]>;
export function drawRooms(rooms: ReadonlyMap<string, readonly string[]>): string;
export function redraw(markdown: string): string;
