export function writeElementPage(root: string): string;
