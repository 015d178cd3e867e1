// What a page loads: registers <mner-qg> and exports its class and types.
import { defineMnerQg } from "./mner-qg.js";

export { MnerError, type MnerErrorCode } from "../core/mner-error.js";
export type { ErrorDetail, MnerEventMap, ReadyDetail, ResultDetail, SelectDetail } from "./events.js";
export { MnerQg } from "./mner-qg.js";
export type { Loading } from "./scheduler.js";
export type { Plural, Strings } from "./strings/strings.js";

defineMnerQg();
