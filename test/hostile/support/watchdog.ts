// Ends the process when one case of a fuzz test runs for ever: such a case blocks its own thread, so that another has to say
// which it was.
import { Worker } from "node:worker_threads";

const PATIENCE_MS = 60_000;

const code = `
  const { workerData } = require("node:worker_threads");
  const state = new Float64Array(workerData.state);
  setInterval(() => {
    const [begun, run] = state;
    if (begun === 0 || Date.now() - begun < ${PATIENCE_MS}) return;
    require("node:fs").writeSync(2, "\\n" + workerData.name + ": case " + run + " does not end.\\n");
    process.kill(process.pid, "SIGKILL");
  }, 500);
`;

export interface Watchdog {
  begin(run: number): void;
  end(): void;
  stop(): Promise<unknown>;
}

export function watch(name: string): Watchdog {
  const shared = new SharedArrayBuffer(16);
  const state = new Float64Array(shared);
  const worker = new Worker(code, { eval: true, workerData: { name, state: shared } });
  return {
    begin: (run) => {
      state[1] = run;
      state[0] = Date.now();
    },
    end: () => {
      state[0] = 0;
    },
    stop: () => worker.terminate(),
  };
}
