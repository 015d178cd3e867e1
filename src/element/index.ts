// What a page loads: registers <mner-qg> and exports its class and types.
import { defineMnerQg } from "./define.js";

export { MnerError, type MnerErrorCode } from "../core/mner-error.js";
export type { Loading } from "./asking.js";
export type { ErrorDetail, MnerEventMap, ReadyDetail, ResultDetail, SelectDetail } from "./events.js";
export { MnerQg } from "./mner-qg.js";
export type { Plural, Strings } from "./strings/strings.js";

defineMnerQg();
