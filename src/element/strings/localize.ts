// Puts figures and names into the element's wordings, in the reader's language.
import { bare } from "../../core/json.js";
import { isMnerError } from "../../core/mner-error.js";
import { en } from "./en.js";
import type { Plural, Strings, WhyStrings } from "./strings.js";

/** What there is in any case; words of the "why" view come with it. */
export type BuiltIn = typeof en & Partial<WhyStrings>;

export interface Localizer {
  readonly strings: BuiltIn;
  /** Fills {places}. What is filled in is never itself searched for places. */
  fill(wording: string, values: Readonly<Record<string, string>>): string;
  count(wording: Plural, count: number, values?: Readonly<Record<string, string>>): string;
  figure(value: number): string;
  /** `97 %` as the language writes it; empty when the figure is unknown. */
  percent(value: number): string;
  join(names: readonly string[]): string;
  /** Of which it is one. */
  either(names: readonly string[]): string;
  typeName(type: string): string;
  shortType(type: string): string;
}

const longestChip = 10;

/** A figure that is not quite 0 or 1 is not written as if it were: nothing here is ever that sure. */
const hedged = (value: number): number => (value > 0 && value < 1 ? Math.min(0.99, Math.max(0.01, value)) : value);

function languageOf(wanted: string): string {
  try {
    return Intl.getCanonicalLocales(wanted)[0] ?? "en";
  } catch {
    return "en";
  }
}

const own = (record: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

export function createLocalizer(partial: Partial<Strings> | null | undefined): Localizer {
  const strings: BuiltIn = { ...en, ...partial };
  const language = languageOf(strings.language);
  const plural = new Intl.PluralRules(language);
  const figures = new Intl.NumberFormat(language);
  const percents = new Intl.NumberFormat(language, bare({ style: "percent" }));
  const names = new Intl.ListFormat(language);
  const fill: Localizer["fill"] = (wording, values) =>
    wording.replace(/\{(\w+)\}/g, (place, name: string) => own(values, name) ?? place);
  return {
    strings,
    fill,
    count: (wording, count, values) =>
      fill(wording[plural.select(count)] ?? wording.other, { ...values, count: figures.format(count) }),
    figure: (value) => figures.format(value),
    percent: (value) => (Number.isFinite(value) ? percents.format(hedged(value)) : ""),
    join: (list) => names.format(list),
    either: (list) => list.join(` ${strings.or} `),
    typeName: (type) => own(strings.types, type) ?? type,
    shortType: (type) => {
      const short = own(strings.shortTypes, type) ?? type;
      const letters = [...short];
      return letters.length > longestChip ? `${letters.slice(0, longestChip - 1).join("")}…` : short;
    },
  };
}

export function translated({ strings }: Pick<Localizer, "strings">, code: string): string | undefined {
  const errors: Readonly<Record<string, string | undefined>> = strings.errors;
  return Object.hasOwn(errors, code) ? errors[code] : undefined;
}

/** What is said about a failure: the translation of its code, else the error's own words. */
export function messageOf(localizer: Pick<Localizer, "strings">, error: Error): string {
  return (isMnerError(error) && translated(localizer, error.code)) || error.message;
}
