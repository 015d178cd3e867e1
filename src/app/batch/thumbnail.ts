// A small picture of a photo, for the table.

const SIDE = 112;

/** `null` where it cannot be made: a table without pictures is still a table. */
export async function makeThumbnail(photo: Blob): Promise<Blob | null> {
  try {
    const whole = await createImageBitmap(photo, { imageOrientation: "from-image" });
    const scale = Math.max(SIDE / whole.width, SIDE / whole.height);
    const width = whole.width * scale;
    const height = whole.height * scale;
    const canvas = new OffscreenCanvas(SIDE, SIDE);
    const context = canvas.getContext("2d")!;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE, SIDE);
    context.imageSmoothingQuality = "high";
    context.drawImage(whole, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
    whole.close();
    return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.75 });
  } catch {
    return null;
  }
}
