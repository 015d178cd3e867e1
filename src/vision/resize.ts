// Shrinks and enlarges photos exactly as Pillow's `Image.resize(size, BILINEAR)` does, to the last bit, because the
// network was trained on photos resized so. A triangle filter as wide as the reduction, in two passes, each in
// fixed-point numbers and rounded to 8 bits.

/** 8 bits for the colour and 2 for sums that overshoot leave 22 of 32 for a weight's fraction. */
const FRACTION_BITS = 22;
const HALF = 1 << (FRACTION_BITS - 1);

/** Which source samples make up each target sample, and with what weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` fixed-point weights per target sample. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/**
 * Resizes RGBA pixels (alpha ignored: photos are opaque by then) to RGB.
 * Both sides must be at least 1.
 */
export function resizeToRgb(
  pixels: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  targetWidth: number,
  targetHeight: number,
): Uint8Array {
  if (targetHeight === height) return resizeRows(pixels, 4, width, 0, height, targetWidth);
  const vertical = makeTaps(height, targetHeight);
  if (targetWidth === width || isVerticalFirst(width, height, targetWidth, targetHeight)) {
    const rgb = resizeRows(pixels, 4, width, 0, height, width);
    const down = resizeColumns(rgb, width, 0, vertical, targetHeight);
    return targetWidth === width ? down : resizeRows(down, 3, width, 0, targetHeight, targetWidth);
  }
  const last = targetHeight - 1;
  const firstRow = vertical.first[0]!;
  const rows = vertical.first[last]! + vertical.count[last]! - firstRow;
  const across = resizeRows(pixels, 4, width, firstRow, rows, targetWidth);
  return resizeColumns(across, targetWidth, firstRow, vertical, targetHeight);
}

/**
 * Since version 13 Pillow takes the vertical pass first when it removes more than twice as many rows as columns are
 * removed (tall photos). The rounding between the passes makes the order visible in the last bit.
 */
function isVerticalFirst(width: number, height: number, targetWidth: number, targetHeight: number): boolean {
  return targetHeight < height && height - targetHeight > 2 * (width - targetWidth);
}

/** Horizontal pass over some rows of RGB or RGBA; gives RGB. */
function resizeRows(
  pixels: Uint8Array | Uint8ClampedArray,
  channels: 3 | 4,
  width: number,
  firstRow: number,
  rows: number,
  targetWidth: number,
): Uint8Array {
  const result = new Uint8Array(targetWidth * rows * 3);
  if (targetWidth === width) {
    for (let from = firstRow * width * channels, to = 0; to < result.length; from += channels, to += 3) {
      result[to] = pixels[from]!;
      result[to + 1] = pixels[from + 1]!;
      result[to + 2] = pixels[from + 2]!;
    }
    return result;
  }
  const { first, count, weights, stride } = makeTaps(width, targetWidth);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    const start = (firstRow + row) * width * channels;
    for (let x = 0; x < targetWidth; x++) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let from = start + first[x]! * channels;
      const base = x * stride;
      for (let tap = base, end = base + count[x]!; tap < end; tap++, from += channels) {
        const weight = weights[tap]!;
        red = (red + Math.imul(pixels[from]!, weight)) | 0;
        green = (green + Math.imul(pixels[from + 1]!, weight)) | 0;
        blue = (blue + Math.imul(pixels[from + 2]!, weight)) | 0;
      }
      result[to++] = clip(red);
      result[to++] = clip(green);
      result[to++] = clip(blue);
    }
  }
  return result;
}

function resizeColumns(rgb: Uint8Array, width: number, firstRow: number, taps: Taps, targetHeight: number): Uint8Array {
  const { first, count, weights, stride } = taps;
  const rowLength = width * 3;
  const result = new Uint8Array(rowLength * targetHeight);
  const sums = new Int32Array(rowLength);
  for (let y = 0, to = 0; y < targetHeight; y++) {
    sums.fill(HALF);
    // Row by row, so that memory is read in order; each weight is applied to a whole row at once.
    for (let tap = 0; tap < count[y]!; tap++) {
      const weight = weights[y * stride + tap]!;
      let from = (first[y]! + tap - firstRow) * rowLength;
      for (let i = 0; i < rowLength; i++) sums[i] = sums[i]! + Math.imul(rgb[from++]!, weight);
    }
    for (let i = 0; i < rowLength; i++) result[to++] = clip(sums[i]!);
  }
  return result;
}

/** Rounded weights may add up to a little more than 1, never to less than 0. */
function clip(sum: number): number {
  return Math.min(sum >> FRACTION_BITS, 255);
}

function makeTaps(size: number, targetSize: number): Taps {
  const scale = size / targetSize;
  const filterScale = Math.max(scale, 1);
  const support = filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(targetSize);
  const count = new Int32Array(targetSize);
  const weights = new Int32Array(targetSize * stride);
  const exact = new Float64Array(stride);
  const inverse = 1 / filterScale;
  for (let target = 0; target < targetSize; target++) {
    const centre = (target + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(size, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let i = 0; i < end - start; i++) {
      const distance = Math.abs((i + start - centre + 0.5) * inverse);
      const weight = distance < 1 ? 1 - distance : 0;
      exact[i] = weight;
      sum += weight;
    }
    for (let i = 0; i < end - start; i++) {
      const weight = sum === 0 ? exact[i]! : exact[i]! / sum;
      weights[target * stride + i] = Math.trunc(0.5 + weight * (1 << FRACTION_BITS));
    }
    first[target] = start;
    count[target] = end - start;
  }
  return { first, count, weights, stride };
}
