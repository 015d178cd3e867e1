// Puts figures and names into the element's wordings, in the reader's language.
import { en } from "./en.js";
import type { Plural, Strings } from "./strings.js";

export interface Speaker {
  readonly strings: Strings;
  /** Fills {places}. What is filled in is never itself searched for places. */
  fill(wording: string, values: Readonly<Record<string, string>>): string;
  count(wording: Plural, count: number): string;
  figure(value: number): string;
  /** `97 %` as the language writes it; empty when the figure is unknown. */
  percent(value: number): string;
  join(names: readonly string[]): string;
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

export function createSpeaker(partial: Partial<Strings> | null | undefined): Speaker {
  const strings: Strings = { ...en, ...partial };
  const language = languageOf(strings.language);
  const plural = new Intl.PluralRules(language);
  const figures = new Intl.NumberFormat(language);
  const percents = new Intl.NumberFormat(language, { style: "percent" });
  const names = new Intl.ListFormat(language, { style: "long", type: "conjunction" });
  const fill: Speaker["fill"] = (wording, values) =>
    wording.replace(/\{(\w+)\}/g, (place, name: string) => own(values, name) ?? place);
  return {
    strings,
    fill,
    count: (wording, count) => fill(wording[plural.select(count)] ?? wording.other, { count: figures.format(count) }),
    figure: (value) => figures.format(value),
    percent: (value) => (Number.isFinite(value) ? percents.format(hedged(value)) : ""),
    join: (list) => names.format(list),
    typeName: (type) => own(strings.types, type) ?? type,
    shortType: (type) => {
      const short = own(strings.shortTypes, type) ?? type;
      const letters = [...short];
      return letters.length > longestChip ? `${letters.slice(0, longestChip - 1).join("")}…` : short;
    },
  };
}
