#!/usr/bin/env node
// The entry of the `mner-qg` command: connects the process to the commands.
import { run } from "./run.js";

const stop = new AbortController();
// The first signal asks for a clean stop; a second one ends the process as usual.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(signal));
// A reader that has seen enough (as in `| head`) is no fault of anyone.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  interactive: process.stderr.isTTY === true,
  signal: stop.signal,
  worker: new URL("./worker.js", import.meta.url),
});
