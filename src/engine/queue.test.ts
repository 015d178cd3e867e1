// The queue's promises: order, replacement, abort at every stage, and no failure that spreads.
import { describe, expect, it } from "vitest";
import { MnerError } from "../core/mner-error.js";
import { JobQueue, type Request } from "./queue.js";

/** A server whose jobs end when the test says so. */
function makeServer() {
  const begun: string[] = [];
  const ends = new Map<
    string,
    { resolve: (value: string) => void; reject: (error: unknown) => void; signal: AbortSignal }
  >();
  const queue = new JobQueue<string, string>((job, signal) => {
    begun.push(job);
    return new Promise((resolve, reject) => ends.set(job, { resolve, reject, signal }));
  });
  const add = (job: string, request: Partial<Request<string>> = {}) => queue.add({ job, priority: 0, ...request });
  return { queue, begun, ends, add };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "resolved",
    (error: MnerError) => error.code,
  );

describe("JobQueue", () => {
  it("serves by priority, then in order, one at a time", async () => {
    const { add, begun, ends } = makeServer();
    const all = [add("a"), add("b"), add("c", { priority: 5 }), add("d", { priority: 5 })];
    for (const job of ["c", "d", "a", "b"]) {
      await turn();
      expect(begun.at(-1)).toBe(job);
      ends.get(job)!.resolve(job.toUpperCase());
    }
    expect((await Promise.all(all)).map(({ result }) => result)).toEqual(["A", "B", "C", "D"]);
  });

  it("begins nothing else while a stopped job still holds the thread", async () => {
    const { add, begun, ends } = makeServer();
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = codeOf(add("first", { signal: running.signal }));
    await turn();
    running.abort();
    const second = codeOf(add("second", { signal: waiting.signal }));
    const other = add("other");
    expect(await first).toBe("aborted");
    expect(ends.get("first")!.signal.aborted).toBe(true);
    waiting.abort();
    const third = add("third");
    expect(await second).toBe("aborted");
    expect(begun).toEqual(["first"]);
    ends.get("first")!.reject(new Error("stopped"));
    await turn();
    ends.get("other")!.resolve("done");
    await other;
    await turn();
    ends.get("third")!.resolve("done");
    expect((await third).result).toBe("done");
    expect(begun).toEqual(["first", "other", "third"]);
  });

  it("rejects with the error that a signal was given", async () => {
    const controller = new AbortController();
    const { add } = makeServer();
    const waiting = [
      codeOf(add("one", { signal: controller.signal })),
      codeOf(add("two", { signal: controller.signal })),
    ];
    await turn();
    controller.abort(new MnerError("disposed", "gone"));
    expect(await Promise.all(waiting)).toEqual(["disposed", "disposed"]);
  });

  it("rejects an aborted request at once, whether waiting, running, or not yet added", async () => {
    const { add, begun, ends } = makeServer();
    const [running, waiting] = [new AbortController(), new AbortController()];
    const one = codeOf(add("one", { signal: running.signal }));
    const two = codeOf(add("two", { signal: waiting.signal }));
    const three = add("three");
    await turn();
    waiting.abort();
    running.abort();
    expect(await one).toBe("aborted");
    expect(await two).toBe("aborted");
    expect(await codeOf(add("four", { signal: AbortSignal.abort() }))).toBe("aborted");
    ends.get("one")!.resolve("too late");
    await turn();
    ends.get("three")!.resolve("done");
    expect((await three).result).toBe("done");
    expect(begun).toEqual(["one", "three"]);
  });

  it("stops a job that takes longer than it may, and counts no waiting", async () => {
    const { add, begun, ends } = makeServer();
    const first = add("first");
    const second = add("second", { timeout: 40 });
    const slow = codeOf(second);
    await new Promise((resolve) => setTimeout(resolve, 60));
    ends.get("first")!.resolve("");
    await first;
    await turn();
    expect(begun).toEqual(["first", "second"]);
    expect(await slow).toBe("too-slow");
    await expect(second).rejects.toThrow("0.04 seconds");
    expect(ends.get("second")!.signal.reason.code).toBe("too-slow");
    const third = add("third", { timeout: 10_000 });
    ends.get("second")!.reject(new Error("stopped"));
    await turn();
    ends.get("third")!.resolve("in time");
    expect((await third).result).toBe("in time");
  });

  it("goes on after a failure", async () => {
    const queue = new JobQueue<number, number>((job) => {
      if (job === 1) throw new MnerError("internal", "thrown at once");
      return job === 2 ? Promise.reject(new MnerError("text-empty", "later")) : Promise.resolve(job);
    });
    const add = (job: number) => queue.add({ job, priority: 0 });
    const results = [codeOf(add(1)), codeOf(add(2)), codeOf(add(3))];
    expect(await Promise.all(results)).toEqual(["internal", "text-empty", "resolved"]);
  });

  it("tells how long a request waited", async () => {
    const { add, ends } = makeServer();
    const first = add("first");
    const second = add("second");
    await turn();
    await new Promise((resolve) => setTimeout(resolve, 30));
    ends.get("first")!.resolve("");
    await turn();
    ends.get("second")!.resolve("");
    expect((await first).queued).toBeLessThan(20);
    expect((await second).queued).toBeGreaterThanOrEqual(25);
  });
});
