// Hands the reader a file. A link with a download name does it everywhere, and needs no permission.

/** How long a browser may take to begin reading what it is given. */
const KEEP_MS = 60_000;

export function saveFile(content: string | Blob, name: string, type: string): void {
  const blob = content instanceof Blob ? content : new Blob([content], { type: `${type};charset=utf-8` });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
}
