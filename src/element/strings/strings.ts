// Every word the element says. Plain data with {places}, so that a translation can be a JSON file and needs no code.

import type { MnerErrorCode } from "../../core/mner-error.js";
import type { Evidence, ImageKind } from "../../core/results.js";

/** Words of the "why" view, which is fetched when it is opened. */
export interface WhyStrings {
  /** The "why" view in one sentence a type: named and seen, only named, only seen, neither; then without a photo. */
  readonly whyNamedSeen: string;
  readonly whyNamed: string;
  readonly whySeen: string;
  readonly whyNone: string;
  readonly whyNamedOnly: string;
  readonly whyNoneOnly: string;
  /** Beside the figure that says how sure it is that photo and text belong together. */
  readonly related: string;
  readonly kinds: Readonly<Record<ImageKind["kind"], string>>;
  /** Headings of what a system looked at. */
  readonly evidence: Readonly<Record<Exclude<Evidence["kind"], "queries">, string>>;
  readonly noName: string;
}

/** Wordings by plural category, as `Intl.PluralRules` names them. */
export type Plural = Partial<Readonly<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };

export interface Strings extends WhyStrings {
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
  /** {names}: the names and their number, which chooses the plural. */
  readonly seenAll: Plural;
  /** {count}, {names} */
  readonly seenSome: string;
  /** {names} */
  readonly seenNone: string;
  /** {count} */
  readonly either: Plural;
  /** {count} */
  readonly eitherPeople: Plural;
  /** Beside the figure that says how sure it is that the text names it. */
  readonly named: string;
  readonly inPhoto: string;
  readonly notInPhoto: string;
  readonly oneOfTwo: string;
  /** {name}, {type}, {place}: what a screen reader hears for a name. */
  readonly spanLabel: string;
  /** {name}, {type} */
  readonly spanLabelNoPhoto: string;
  /** {names}, {type}, {percent} */
  readonly boxLabel: string;
  /** {names}, {type}, {percent} */
  readonly boxEither: string;
  /** {type}, {percent}: something that was asked for and seen, without a name. */
  readonly boxUnnamed: string;
  /** Between names of which only one is in a place. */
  readonly or: string;
  /** {type}, {names} */
  readonly answerNamed: string;
  /** {type} */
  readonly answerSeen: string;
  /** {type} */
  readonly answerNone: string;
  /** {type}: without a photo. */
  readonly answerUnnamed: string;
  readonly walk: string;
  readonly walkHint: string;
  readonly filter: string;
  readonly list: string;
  readonly why: string;
  readonly unrelated: string;
  readonly photo: string;
  /** Translated messages by code of an error or notice; the error's own English message where one is missing. */
  readonly errors: Partial<Readonly<Record<MnerErrorCode | "text-language", string>>>;
}
