// The entry of a worker thread: an engine for the main thread, until that ends it.
import { parentPort } from "node:worker_threads";
import { nodeEnvironment } from "../../engine/node.js";
import { parentPortOf } from "../../engine/node-port.js";
import { serveEngine } from "../../engine/serve.js";

serveEngine(parentPortOf(parentPort!), () => nodeEnvironment);
