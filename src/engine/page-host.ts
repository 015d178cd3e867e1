// The engine in the page itself, where no worker may be started. The engine's script is only fetched then.
import { toMnerError } from "../errors/mner-error.js";
import type { Host, StartHost } from "./host.js";
import { classify } from "./protocol.js";

export const startPageHost: StartHost = async (options, events, signal): Promise<Host> => {
  const [{ startEngine }, { browserSurroundings }] = await Promise.all([
    import("./engine-core.js"),
    import("./browser-surroundings.js"),
  ]).catch((error: unknown) => {
    throw toMnerError(
      error,
      "internal",
      "The engine's script could not be loaded. Serve every file of the dist folder next to the script.",
    );
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
