// Registers the tag, once per page: a second copy of the script, of whatever version, leaves the first in charge.
import { MnerQg } from "./mner-qg.js";

export function defineMnerQg(): void {
  if (typeof customElements === "undefined" || customElements.get("mner-qg")) return;
  customElements.define("mner-qg", MnerQg);
}
