// The size that AV1 data itself tells in its sequence header: what a decoder takes memory for, whatever the file around it says.

/** Data units that are looked through; the sequence header is the first or second. */
const MOST_UNITS = 64;
const SEQUENCE_HEADER = 1;

export interface CodedSize {
  readonly width: number;
  readonly height: number;
}

/** `null` when no sequence header comes in these bytes. */
export function codedSize(bytes: Uint8Array): CodedSize | null {
  let at = 0;
  for (let unit = 0; unit < MOST_UNITS && at < bytes.length; unit++) {
    const head = bytes[at]!;
    const type = (head >> 3) & 15;
    at += (head & 4) !== 0 ? 2 : 1;
    let size = bytes.length - at;
    if ((head & 2) !== 0) {
      size = 0;
      // Seven bits a byte, lowest first.
      for (let shift = 0; shift < 56; shift += 7) {
        const byte = bytes[at++] ?? 0;
        size += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) break;
      }
    }
    if (type === SEQUENCE_HEADER) return readSequenceHeader(bytes.subarray(at, at + size));
    at += size;
  }
  return null;
}

/** Reads numbers of any number of bits, zero past the end. */
class Bits {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  read(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++, this.at++) {
      value = value * 2 + (((this.bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1);
    }
    return value;
  }

  /** As many zeros as the number has bits, a one, then the number. */
  readVariable(): number {
    let zeros = 0;
    while (zeros < 32 && this.read(1) === 0) zeros++;
    return zeros >= 32 ? 2 ** 32 - 1 : this.read(zeros) + 2 ** zeros - 1;
  }
}

/** In the order and with the names of the AV1 specification, 5.5.1, up to the size. */
function readSequenceHeader(bytes: Uint8Array): CodedSize {
  const bits = new Bits(bytes);
  bits.read(4); // seq_profile, still_picture
  const reduced = bits.read(1) === 1;
  if (reduced)
    bits.read(5); // seq_level_idx
  else readOperatingPoints(bits);
  const widthBits = bits.read(4) + 1;
  const heightBits = bits.read(4) + 1;
  return { width: bits.read(widthBits) + 1, height: bits.read(heightBits) + 1 };
}

function readOperatingPoints(bits: Bits): void {
  let decoderModel = false;
  let delayBits = 0;
  if (bits.read(1) === 1) {
    bits.read(32); // num_units_in_display_tick
    bits.read(32); // time_scale
    if (bits.read(1) === 1) bits.readVariable(); // num_ticks_per_picture
    decoderModel = bits.read(1) === 1;
    if (decoderModel) {
      delayBits = bits.read(5) + 1;
      bits.read(32); // num_units_in_decoding_tick
      bits.read(10); // buffer_removal_time_length, frame_presentation_time_length
    }
  }
  const initialDelay = bits.read(1) === 1;
  for (let points = bits.read(5) + 1; points > 0; points--) {
    bits.read(12); // operating_point_idc
    if (bits.read(5) > 7) bits.read(1); // seq_level_idx, seq_tier
    if (decoderModel && bits.read(1) === 1) bits.read(2 * delayBits + 1);
    if (initialDelay && bits.read(1) === 1) bits.read(4);
  }
}
