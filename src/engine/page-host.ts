// The engine in the page itself, where no worker may be started. The engine's script is only fetched then.
import { MnerError, toMnerError } from "../errors/mner-error.js";
import type { Host, StartHost } from "./host.js";
import { classify } from "./protocol.js";

export const startPageHost: StartHost = async (options, events, signal): Promise<Host> => {
  const [{ startEngine }, { browserSurroundings }] = await Promise.all([
    import("./engine-core.js"),
    import("./browser-surroundings.js"),
  ]).catch((error: unknown) => {
    throw noScript(error);
  });
  const core = await startEngine(options, browserSurroundings(), events, signal).catch((error: unknown) => {
    throw classify(error);
  });
  return {
    get info() {
      return core.info;
    },
    analyze: (job, stop) =>
      core.analyze(job, stop).catch((error: unknown) => {
        throw classify(error);
      }),
    dispose: () => core.dispose(),
  };
};

function noScript(cause: unknown): MnerError {
  if (globalThis.navigator?.onLine === false) {
    return new MnerError(
      "offline",
      "This device is offline and the engine's script is not stored on it yet. Connect once; after that it works offline.",
      { cause },
    );
  }
  return toMnerError(
    cause,
    "internal",
    "The engine's script could not be loaded. Serve every file of the dist folder next to the script.",
  );
}
