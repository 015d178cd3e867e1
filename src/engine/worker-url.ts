// Where the worker's script is: a file of the bundle, beside this one.
import workerUrl from "./worker.js?worker&url";

export const workerAddress: string = new URL(workerUrl, import.meta.url).href;
