// Photos lent to another thread: sent once while the other end keeps them, anew when nobody can be sure that it does.
import { memory, setBackend, tensor } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it, vi } from "vitest";
import { readTree } from "../nn/tensor-tree.js";
import { openCpu } from "./backends/cpu.js";
import { LENT_PHOTOS, LentPhotos } from "./lent-photo.js";
import type { FromEngine, Port, ToEngine } from "./protocol.js";
import { RemoteEngine } from "./remote-engine.js";

beforeAll(async () => {
  await openCpu();
  await setBackend("cpu");
});

const ROWS = { rows: 0, length: 0, ids: new Int32Array(0) } as never;

/** The end of a connection that a helper would be at: what it hears, and what it is made to say. */
async function connect() {
  const heard: ToEngine[] = [];
  let say!: (message: FromEngine) => void;
  const port: Port = {
    post: (message) => void heard.push(message as ToEngine),
    listen: (hear) => {
      say = hear;
    },
    close: () => {},
  };
  const events = { onProgress: () => {}, onNotice: () => {} };
  const { signal } = new AbortController();
  const starting = RemoteEngine.start({ port, options: {} as never, script: null, events, signal, aliveMs: null });
  const info = {} as never;
  say({ type: "alive" });
  say({ type: "started", info });
  return { remote: await starting, heard, say, info };
}

it("sends a photo once, and again after a call that failed", async () => {
  const { remote, heard, say, info } = await connect();
  const read = vi.fn(async () => ({ one: 1 }));
  const ask = async (key: string, works = true): Promise<void> => {
    const call = remote.runRows(ROWS, { key, read }, new AbortController().signal);
    await new Promise((resolve) => setTimeout(resolve));
    const { id } = heard.findLast(({ type }) => type === "run-rows") as { id: number };
    if (works) say({ type: "answer", id, answer: {}, info });
    else say({ type: "error", id, error: { code: "internal", message: "no", cause: null }, info });
    await (works ? call : expect(call).rejects.toThrow("no"));
  };
  await ask("a");
  await ask("a");
  expect(read).toHaveBeenCalledTimes(1);
  const last = heard.at(-1) as Extract<ToEngine, { type: "run-rows" }>;
  expect([last.withPhoto, last.photoKey]).toEqual([false, "a"]);
  await ask("b", false);
  await ask("a");
  expect(read).toHaveBeenCalledTimes(3);
  for (let photo = 0; photo < LENT_PHOTOS; photo++) await ask(`c${photo}`);
  const before = read.mock.calls.length;
  await ask("a");
  expect(read).toHaveBeenCalledTimes(before + 1);
  remote.dispose();
});

it("keeps the last ones only, and frees the rest", async () => {
  const before = memory().numTensors;
  const made = tensor([1, 2]);
  const plain = await readTree({ made });
  made.dispose();
  const photos = new LentPhotos();
  for (let photo = 0; photo < LENT_PHOTOS; photo++) photos.take(`${photo}`, plain);
  expect(photos.get("0")).not.toBeNull();
  photos.take("another", plain);
  expect(photos.get("1")).toBeNull();
  expect(photos.get("0")).not.toBeNull();
  photos.take("0", plain);
  expect(memory().numTensors).toBe(before + LENT_PHOTOS);
  photos.clear();
  expect(photos.get("0")).toBeNull();
  expect(memory().numTensors).toBe(before);
});
