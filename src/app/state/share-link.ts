// The shareable part of the state, as the fragment of the address: it never travels to a server, and it never holds a photo
// (an example's photo is named, not carried). Whoever opens a link may have been sent it by anyone, so nothing in it is
// believed: what does not fit is left out.
import type { Query } from "../../engine/analyzer.js";
import type { AppState, BackendChoice, View } from "./state.js";

export interface SharedState {
  readonly view: View;
  readonly text: string;
  /** Name of an example whose photo belongs to the text. */
  readonly example: string | null;
  readonly queries: readonly Query[];
  readonly threshold: number | null;
  readonly nested: boolean;
  readonly backend: BackendChoice;
  /** Of the compare view. */
  readonly systems?: readonly string[];
}

/** Longer texts make addresses that mail programs and chats cut off. */
const MOST_TEXT = 4000;
export const MOST_QUERIES = 8;
export const MOST_LABEL = 40;
export const MOST_QUESTION = 300;
const backends: readonly string[] = ["auto", "webgpu", "webgl", "wasm", "cpu"];

export function sharedPart(state: AppState): SharedState {
  const { view, text, photo, queries, threshold, nested, backend, systems } = state;
  const example = photo?.kind === "example" ? photo.example : null;
  return { view, text, example, queries, threshold, nested, backend, systems };
}

/** The fragment without its #; empty for a state that says nothing. */
export function writeFragment(shared: SharedState): string {
  const fields = new URLSearchParams();
  if (shared.view !== "single") fields.set("view", shared.view);
  if (shared.text !== "" && shared.text.length <= MOST_TEXT) fields.set("text", shared.text);
  if (shared.example !== null) fields.set("photo", shared.example);
  for (const { label, query } of shared.queries) if (label && query) fields.append("ask", `${label}: ${query}`);
  if (shared.threshold !== null) fields.set("threshold", String(shared.threshold));
  if (shared.nested) fields.set("nested", "1");
  if (shared.backend !== "auto") fields.set("backend", shared.backend);
  if (shared.view === "compare" && shared.systems?.length) fields.set("systems", shared.systems.join(","));
  return fields.toString();
}

/** What a fragment says; `null` when it says nothing we know. */
export function readFragment(fragment: string): Partial<SharedState> | null {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  const found: { -readonly [Key in keyof SharedState]?: SharedState[Key] } = {};
  const text = fields.get("text");
  if (text !== null && text.length <= MOST_TEXT) found.text = text;
  const example = fields.get("photo");
  if (example !== null && /^[a-z0-9-]{1,40}$/.test(example)) found.example = example;
  const queries = fields.getAll("ask").slice(0, MOST_QUERIES).flatMap(readQuery);
  if (queries.length > 0) found.queries = queries;
  const threshold = readThreshold(fields.get("threshold"));
  if (threshold !== null) found.threshold = threshold;
  if (fields.get("nested") === "1") found.nested = true;
  const backend = fields.get("backend");
  if (backend !== null && backends.includes(backend)) found.backend = backend as BackendChoice;
  const view = fields.get("view");
  if (view === "batch" || view === "compare") found.view = view;
  const systems =
    fields
      .get("systems")
      ?.split(",")
      .filter((name) => /^[a-z-]{1,20}$/.test(name)) ?? [];
  if (systems.length > 0) found.systems = systems.slice(0, 8);
  return Object.keys(found).length > 0 ? found : null;
}

function readQuery(field: string): Query[] {
  const colon = field.indexOf(": ");
  if (colon < 1) return [];
  const label = field.slice(0, colon).trim();
  const query = field.slice(colon + 2).trim();
  const fits = label !== "" && query !== "" && label.length <= MOST_LABEL && query.length <= MOST_QUESTION;
  return fits ? [{ label, query }] : [];
}

function readThreshold(field: string | null): number | null {
  if (field === null || field.trim() === "") return null;
  const value = Number(field);
  return value >= 0 && value <= 1 ? value : null;
}
