// Registers the tag, once per page: a second copy of the script, of whatever version, leaves the first in charge. A name that
// something else has taken is told, since every tag of the page would silently stay empty.
import { MnerError } from "../core/mner-error.js";
import { MnerQg } from "./mner-qg.js";

export function defineMnerQg(): void {
  if (typeof customElements === "undefined") return;
  const taken = customElements.get("mner-qg");
  if (taken === undefined) customElements.define("mner-qg", MnerQg);
  else if (!("analyze" in taken.prototype && "results" in taken.prototype)) {
    const why = "The tag name mner-qg was taken by another script before. Load this one first, or remove the other.";
    reportError(new MnerError("option-invalid", why));
  }
}
