// What photos are called. Asked by whoever looks for the photo that a file of tweets names, and by whoever sorts dropped files.

/** Endings of the formats that are read, without the dot. */
export const PHOTO_ENDINGS: readonly string[] = ["jpg", "jpeg", "jfif", "png", "webp", "gif", "avif", "bmp"];

/** File names under which a named photo may lie, likeliest first: CoNLL names photos by id alone. */
export function photoNames(name: string): string[] {
  return [name, ...PHOTO_ENDINGS.map((ending) => `${name}.${ending}`)];
}
