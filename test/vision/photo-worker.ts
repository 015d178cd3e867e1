// The other side: opens and decodes a prepared photo in a worker.
import { openImage, type PreparedImage } from "../../src/vision/index.js";

addEventListener("message", async ({ data }: MessageEvent<{ prepared: PreparedImage }>) => {
  try {
    const opened = await openImage(data.prepared);
    postMessage({ photo: await opened.decode() });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    postMessage({ code, message });
  }
});
