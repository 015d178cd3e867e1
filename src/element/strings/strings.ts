// Every word the element says. Plain data with {places}, so that a translation can be a JSON file and needs no code.
import type { MnerErrorCode } from "../../core/mner-error.js";

/** Wordings by plural category, as `Intl.PluralRules` names them. */
export type Plural = Partial<Readonly<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };

export interface Strings {
  /** BCP 47 tag: chooses plural rules and how figures are written. */
  readonly language: string;
  /** Names of types by label; a label without one is shown as it is. */
  readonly types: Readonly<Record<string, string>>;
  /** Abbreviations for the chips above the text. */
  readonly shortTypes: Readonly<Record<string, string>>;
  readonly start: string;
  readonly retry: string;
  /** {percent} */
  readonly loading: string;
  readonly analysing: string;
  readonly waiting: string;
  readonly noNames: string;
  /** {count} */
  readonly names: Plural;
  /** {count} */
  readonly seen: Plural;
  readonly seenNone: string;
  /** {names}, {seen} */
  readonly summary: string;
  readonly inPhoto: string;
  readonly notInPhoto: string;
  /** {percent} */
  readonly sure: string;
  /** {name}, {type}, {place}: what a screen reader hears for a name. */
  readonly spanLabel: string;
  /** {name}, {type} */
  readonly spanLabelNoPhoto: string;
  /** {names}, {type} */
  readonly boxLabel: string;
  readonly walk: string;
  readonly walkHint: string;
  readonly filter: string;
  readonly list: string;
  readonly why: string;
  /** {percent} */
  readonly exists: string;
  /** {percent} */
  readonly seenSure: string;
  /** {percent} */
  readonly unseenSure: string;
  /** {place} */
  readonly lookedAt: string;
  /** Nine places in the photo, row by row. */
  readonly places: readonly string[];
  /** {percent} */
  readonly relevance: string;
  readonly photo: string;
  /** Translated messages by error code; the error's own English message where one is missing. */
  readonly errors: Partial<Readonly<Record<MnerErrorCode, string>>>;
}
