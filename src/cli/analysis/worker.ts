// The entry of a worker thread: one analyzer of its own, one job after the other, until the main thread ends it.
import { parentPort, workerData } from "node:worker_threads";
import { failureOf } from "./job.js";
import type { JobMessage, WorkerMessage, WorkerSetup } from "./messages.js";
import { openAnalyzer, runJob } from "./run-job.js";

const port = parentPort!;
const say = (message: WorkerMessage) => port.postMessage(message);

try {
  const { choice } = workerData as WorkerSetup;
  const analyzer = await openAnalyzer(choice);
  port.on("message", async ({ id, job }: JobMessage) =>
    say({ kind: "done", id, outcome: await runJob(analyzer, job) }),
  );
  say({ kind: "ready", facts: { backend: analyzer.backend, model: analyzer.model } });
} catch (error) {
  say({ kind: "failed", failure: failureOf(error).failure! });
  port.close();
}
