// Paints a picture on a canvas. Not by way of an SVG image: a strict Content-Security-Policy would refuse its blob: URL.
import type { Picture, Shape } from "./picture-layout.js";

function paint(context: CanvasRenderingContext2D, shape: Shape, photo: CanvasImageSource | null, font: string): void {
  const dashed = (dash = "none"): void => context.setLineDash(dash === "none" ? [] : dash.split(" ").map(Number));
  switch (shape.kind) {
    case "photo":
      if (photo) context.drawImage(photo, shape.x, shape.y, shape.width, shape.height);
      return;
    case "rect": {
      const { x, y, width, height, fill, opacity, stroke, strokeWidth, dash } = shape;
      if (fill) {
        context.globalAlpha = opacity ?? 1;
        context.fillStyle = fill;
        context.fillRect(x, y, width, height);
        context.globalAlpha = 1;
      }
      if (stroke) {
        context.strokeStyle = stroke;
        context.lineWidth = strokeWidth ?? 1;
        dashed(dash);
        context.strokeRect(x, y, width, height);
      }
      return;
    }
    case "line":
      context.strokeStyle = shape.stroke;
      context.lineWidth = shape.strokeWidth;
      dashed(shape.dash);
      context.beginPath();
      context.moveTo(shape.x, shape.y);
      context.lineTo(shape.x + shape.width, shape.y);
      context.stroke();
      return;
    case "path":
      context.save();
      context.translate(shape.x, shape.y);
      context.scale(shape.scale, shape.scale);
      context.fillStyle = shape.fill;
      context.fill(new Path2D(shape.path));
      context.restore();
      return;
    case "text":
      context.direction = shape.direction;
      context.textAlign = "start";
      context.font = `${shape.weight} ${shape.size}px ${font}`;
      context.fillStyle = shape.fill;
      context.fillText(shape.text, shape.x, shape.y);
  }
}

export function paintCanvas(
  picture: Picture,
  photo: CanvasImageSource | null,
  font: string,
  scale: number,
): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext("2d");
  context?.scale(scale, scale);
  if (context) for (const shape of picture.shapes) paint(context, shape, photo, font);
  return canvas;
}
