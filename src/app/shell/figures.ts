// Figures as people read them.

export function megabytes(bytes: number): string {
  const value = bytes / 1_000_000;
  return value.toFixed(value < 10 ? 1 : 0);
}

export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(value >= 10_000 ? 0 : 1)} s`;
  return `${value < 10 && value > 0 ? Math.max(0.1, value).toFixed(1) : Math.round(value)} ms`;
}

/** `1 tweet`, `2 tweets`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString("en")} ${value === 1 ? one : many}`;
}

/** How long something will still take, in words that do not flicker. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
