// Writes a zip archive as torch.save does, with right checksums: mutated pickles would otherwise all fail at the checksum
// and never reach the pickle machine.
import { crc32 } from "../../../src/cli/checkpoint/crc32.js";

export function torchZip(parts: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  for (const [path, bytes] of Object.entries(parts)) {
    const name = new TextEncoder().encode(path);
    const checksum = crc32(bytes);
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    local.setUint32(14, checksum, true);
    local.setUint32(18, bytes.length, true);
    local.setUint32(22, bytes.length, true);
    local.setUint16(26, name.length, true);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, 0x02014b50, true);
    central.setUint32(16, checksum, true);
    central.setUint32(20, bytes.length, true);
    central.setUint32(24, bytes.length, true);
    central.setUint16(28, name.length, true);
    central.setUint32(42, position, true);
    chunks.push(new Uint8Array(local.buffer), name, bytes);
    directory.push(new Uint8Array(central.buffer), name);
    position += 30 + name.length + bytes.length;
  }
  const directoryBytes = directory.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, directory.length / 2, true);
  end.setUint16(10, directory.length / 2, true);
  end.setUint32(12, directoryBytes, true);
  end.setUint32(16, position, true);
  return new Uint8Array(Buffer.concat([...chunks, ...directory, new Uint8Array(end.buffer)]));
}
