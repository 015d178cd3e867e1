// Opens input files as streams, and learns their length and hash beforehand in one pass.
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { MnerError } from "../../core/mner-error.js";
import { type CorpusFormat, readCorpus } from "../../corpus/index.js";

/** The file's bytes, or standard input's for "-". */
export function openInput(path: string): AsyncIterable<Uint8Array> {
  if (path === "-") return process.stdin;
  try {
    if (!statSync(path).isFile())
      throw new MnerError("input-unreadable", `${path} is not a file. Give a file of tweets.`);
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throw new MnerError("input-unreadable", `${path} cannot be read. Check the path.`, { cause: error });
  }
  return createReadStream(path, { highWaterMark: 1 << 16 });
}

/** How many records there are, for the progress bar, and a hash to know the file by. */
export async function surveyInput(path: string, format: CorpusFormat): Promise<{ records: number; sha256: string }> {
  const hash = createHash("sha256");
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of openInput(path)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  let records = 0;
  for await (const _ of readCorpus(hashed(), format)) records++;
  return { records, sha256: hash.digest("hex") };
}
