// The custom element <mner-qg>: takes text and photo from the page, asks the engine, draws the answer. The header of the
// class is the only source of its documentation; manifest, editor data and framework typings are generated from it.
import { LitElement, type PropertyDeclarations, type TemplateResult } from "lit";
import { MnerError } from "../core/mner-error.js";
import type { AnalysisResult, BackendName } from "../core/results.js";
import type { ImageInput, Query } from "../engine/analyzer.js";
import { Analysis } from "./analysis.js";
import { type CheckedResults, checkResults } from "./check-results.js";
import { composeScene, sceneActions } from "./compose-scene.js";
import { fire } from "./events.js";
import type { CocoData } from "./exports/coco.js";
import type { WebAnnotationCollection } from "./exports/web-annotation.js";
import { Interaction } from "./interaction.js";
import { layOut } from "./layout.js";
import { type LightContent, readLight } from "./light-content.js";
import { PhotoState } from "./photo-state.js";
import type { Scene, SceneActions } from "./scene.js";
import { type Loading, type Question, Scheduler } from "./scheduler.js";
import { Selection } from "./selection.js";
import { createLocalizer, type Localizer, messageOf } from "./strings/localize.js";
import type { Strings } from "./strings/strings.js";
import { baseStyles } from "./styles/base.js";
import { panelStyles } from "./styles/panels.js";
import { photoStyles } from "./styles/photo.js";
import { textStyles } from "./styles/text.js";
import { summary } from "./templates/bar.js";
import { tagTemplate } from "./templates/tag.js";
import { ViewState } from "./view-state.js";
import { watchTag } from "./watch-tag.js";

/** What most pages never ask for comes when it is asked for. */
const formats = () => import("./lazy.js");

/** Strings that come with the package, chosen by the language of the page around the tag. */
const translations: Readonly<Record<string, () => Promise<Partial<Strings>>>> = {
  de: async () => (await import("./strings/de.js")).de,
  zh: async () => (await import("./strings/zh.js")).zh,
};

/** The language in force where the tag stands, as HTML says it; also from outside a shadow tree. */
function languageOf(tag: Element): string {
  const said = tag.closest<HTMLElement>("[lang]");
  if (said) return said.lang.split("-")[0]!.toLowerCase();
  const { host } = tag.getRootNode() as Partial<ShadowRoot>;
  return host ? languageOf(host) : "";
}

/**
 * Finds who and what a text is about and shows it in its photo, inside the reader's own browser.
 *
 * The text is the tag's own content (or `text`), the photo is an `<img>` or `<figure>` in it (or `src`, or `image`). Nothing is uploaded. The engine and the
 * model are only loaded when something has to be analysed: never when `results` are given.
 *
 * @tagname mner-qg
 *
 * @attr {string} text - The text. Without it, the tag's own content is read.
 * @attr {string} src - Address of the photo.
 * @attr {string} alt - What the photo shows, for those who do not see it. Empty for a photo that says nothing.
 * @attr {string} model - Address of a model folder; without it the model that is shipped next to the script.
 * @attr {"mner-qg"|"bert-crf"|"basic-model"|"mm-ner-model"|"umt"|"umgf"|"prompt-mner"|"mqspn"} system - Which system answers; `mner-qg` by default.
 * @attr {"auto"|"webgpu"|"webgl"|"wasm"|"cpu"} backend - What to compute on.
 * @attr {"lazy"|"eager"|"manual"} loading - When to analyse: near the viewport, at once, or when the reader presses a button.
 * @attr {number} threshold - Least score a name needs to be shown, 0 to 1.
 * @attr {string} types - The only types to show, separated by commas: `PER,LOC`.
 * @attr {boolean} nested - Keep names inside other names.
 * @attr {"anonymous"|"use-credentials"} crossorigin - How to ask another server for the photo, as on `<img>`.
 * @attr {boolean} list - Whether the list of names is open.
 * @attr {boolean} why - Whether the "why" view is open: how sure each answer is, and what the system looked at.
 *
 * @slot header - Above the text, for example who wrote it.
 * @slot - The text, as readers see it before the script runs, with an `<img>` or `<figure>` for the photo. It is read, not shown.
 * @slot credit - Below the photo, for example who took it.
 * @slot footer - Below everything.
 *
 * @event {CustomEvent<Progress>} mner-progress - Loading goes on: one figure that only grows.
 * @event {CustomEvent<ReadyDetail>} mner-ready - The model is loaded and has passed its self-test.
 * @event {CustomEvent<ResultDetail>} mner-result - An analysis is done.
 * @event {CustomEvent<ErrorDetail>} mner-error - Something failed; `detail.error.code` says what.
 * @event {CustomEvent<SelectDetail>} mner-select - A name was pinned, or let go.
 *
 * @csspart text - The paragraph.
 * @csspart span - A stretch of text that is part of a name; also `span-per`, `span-loc`, `span-org`, `span-other`, `span-own`, `span-active`.
 * @csspart chip - The small type sign above a name; also `chip-per` and so on.
 * @csspart photo - The photo's frame.
 * @csspart image - The photo itself.
 * @csspart overlay - What lies over the photo.
 * @csspart attention - The veil of the "why" view.
 * @csspart box - A box over the photo; also `box-per` and so on.
 * @csspart label - A box's label; also `label-per` and so on.
 * @csspart status - The line that says what was found, or what is pointed at.
 * @csspart progress - The progress bar.
 * @csspart bar - The row of filters and switches.
 * @csspart filter - A type filter.
 * @csspart button - Any other button; also `start` and `retry`.
 * @csspart list - The list of names.
 * @csspart item - An entry of the list.
 * @csspart why - The "why" view.
 * @csspart query - An entry of the "why" view.
 * @csspart evidence - What the system looked at, in the "why" view.
 * @csspart answers - What became of own questions.
 * @csspart error - What went wrong.
 * @csspart notice - What the reader should know that did not stop the analysis.
 *
 * @cssproperty --mner-qg-per - Colour of persons.
 * @cssproperty --mner-qg-loc - Colour of places.
 * @cssproperty --mner-qg-org - Colour of organisations.
 * @cssproperty --mner-qg-other - Colour of other names.
 * @cssproperty --mner-qg-own-1 - First of six colours (`-1` to `-6`) for the types of own queries.
 * @cssproperty --mner-qg-on-ink - Colour of letters on the type colours.
 * @cssproperty --mner-qg-text - Colour of strong words outside the text.
 * @cssproperty --mner-qg-muted - Colour of quiet words.
 * @cssproperty --mner-qg-line - Colour of hairlines.
 * @cssproperty --mner-qg-wash - Background of quiet surfaces.
 * @cssproperty --mner-qg-focus - Colour of the focus ring.
 * @cssproperty --mner-qg-radius - Roundness of the photo's corners.
 * @cssproperty --mner-qg-gap - Room between text and photo.
 * @cssproperty --mner-qg-line-height - Line height of the text, a plain number; the chips live between the lines.
 * @cssproperty --mner-qg-chip-font - Font of chips and labels.
 * @cssproperty --mner-qg-photo-max-height - Greatest height of the photo.
 * @cssproperty --mner-qg-photo-ratio - Width by height of the photo, to keep its place before it is there: `3 / 2`.
 */
export class MnerQg extends LitElement {
  static override styles = [baseStyles, textStyles, photoStyles, panelStyles];

  static override properties: PropertyDeclarations = {
    text: {},
    src: {},
    alt: {},
    model: {},
    backend: {},
    system: {},
    loading: {},
    threshold: { type: Number },
    types: {},
    nested: { type: Boolean },
    crossOrigin: { attribute: "crossorigin" },
    list: { type: Boolean, reflect: true },
    why: { type: Boolean, reflect: true },
    image: { attribute: false },
    queries: { attribute: false },
    results: { attribute: false },
    strings: { attribute: false },
  };

  /** The text; `null` to read the tag's own content. */
  declare text: string | null;
  /** Address of the photo. */
  declare src: string | null;
  /** What the photo shows. */
  declare alt: string | null;
  /** Address of a model folder. */
  declare model: string | null;
  /** What to compute on. */
  declare backend: "auto" | BackendName;
  /** Which system answers; `null` for MNER-QG. */
  declare system: string | null;
  /** When to analyse. */
  declare loading: Loading;
  /** Least score of a name; `null` for the model's own. */
  declare threshold: number | null;
  /** The only types to show, as a list or separated by commas; `null` for all. */
  declare types: readonly string[] | string | null;
  /** Keep names inside other names. */
  declare nested: boolean;
  /** How to ask another server for the photo. */
  declare crossOrigin: "anonymous" | "use-credentials" | null;
  /** Whether the list is open. */
  declare list: boolean;
  /** Whether the "why" view is open. */
  declare why: boolean;
  /** A photo the page holds as an object; wins over `src`. */
  declare image: ImageInput | null;
  /** Own types: what to show and what to ask. */
  declare queries: readonly Query[] | null;
  /** Draws these results and loads no model. */
  declare results: AnalysisResult | null;
  /** Translations; what is missing stays English. */
  declare strings: Partial<Strings> | null;

  readonly #selection = new Selection();
  readonly #shown = new ViewState();
  readonly #photo: PhotoState;
  readonly #analysis: Analysis;
  readonly #scheduler: Scheduler;
  readonly #actions: SceneActions;
  #interaction: Interaction | null = null;
  #given: CheckedResults | null = null;
  #found: AnalysisResult | null = null;
  #light: LightContent = { text: "", photo: null };
  #why: typeof import("./why.js") | null = null;
  /** The language whose strings are in force, or on their way. */
  #language = "";
  #announcement = "";
  #selected: string | null = null;
  #localizer: Localizer = createLocalizer(null);
  #stopWatching = (): void => {};

  constructor() {
    super();
    this.text = this.src = this.alt = this.model = this.system = null;
    this.backend = "auto";
    this.loading = "lazy";
    this.threshold = this.types = this.crossOrigin = null;
    this.nested = this.list = this.why = false;
    this.image = this.queries = this.results = this.strings = null;
    const tellError = (error: MnerError): void => fire(this, "mner-error", { error });
    this.#photo = new PhotoState({ photoChanged: () => this.requestUpdate(), photoFailed: tellError });
    this.#analysis = new Analysis({
      phaseChanged: (phase) => {
        if (phase.kind === "error") {
          this.#announcement = messageOf(this.#localizer, phase.error);
          tellError(phase.error);
        }
        this.requestUpdate();
      },
      progressed: (progress) => fire(this, "mner-progress", progress),
      ready: ({ backend, model: { name, version } }) => fire(this, "mner-ready", { backend, model: { name, version } }),
      finished: (result) => this.#finish(result),
      photoRefused: tellError,
    });
    this.#scheduler = new Scheduler(this.#analysis);
    this.#actions = sceneActions(this, this.#shown, this.#selection, this.#photo);
  }

  /** Analyses text and photo now, whatever `loading` says. The newest request wins; older ones reject as `aborted`. */
  async analyze(options: { readonly signal?: AbortSignal } = {}): Promise<AnalysisResult> {
    if (this.results !== null) {
      const { result, error } = checkResults(this.results);
      if (result) return result;
      throw error;
    }
    if (this.isConnected) this.#readContent();
    if (this.#text.trim() === "") {
      const error = new MnerError("text-empty", "There is no text. Write one into the tag, or set its text.");
      this.#scheduler.refuse(this.#question(), error);
      throw error;
    }
    return this.#scheduler.run(this.#question(), options.signal);
  }

  /** Pins the name with this id (see `mner-select`, or `start-end-TYPE`); `null` lets go. */
  select(id: string | null): void {
    this.#selection.clear();
    this.#selection.pinned = id;
    this.requestUpdate();
  }

  /**
   * The result as plain data, or `null` when there is none; `results` takes it back. Without the cells of attention maps,
   * which are most of it, unless `{ attention: true }` asks for them.
   */
  toJSON(options?: { readonly attention?: boolean } | string): AnalysisResult | null {
    const result = this.#result;
    // JSON.stringify() calls it with a key.
    if (!result || (typeof options === "object" && options.attention)) return result;
    const { evidence, ...rest } = result;
    const queries = result.queries.map((query) => ({ ...query, attention: null }));
    return {
      ...rest,
      queries,
      ...(evidence === undefined ? {} : { evidence: evidence?.kind === "heat" ? null : evidence }),
    };
  }

  get #result(): AnalysisResult | null {
    return this.#given ? this.#given.result : this.#found;
  }

  /** CoNLL: one token and one BIO tag a line. */
  async toCoNLL(): Promise<string> {
    return (await formats()).toConllOf(this.#result);
  }

  /** W3C Web Annotation, with places in the text and in the photo. */
  async toWebAnnotation(): Promise<WebAnnotationCollection> {
    return (await formats()).toWebAnnotationOf(this.#result, this.#source);
  }

  /** COCO detection format. */
  async toCOCO(): Promise<CocoData> {
    return (await formats()).toCocoOf(this.#result, this.#source);
  }

  /** A picture of text and photo as they are shown, as SVG source; the photo is inside where it may be read. */
  async toSVG(): Promise<string> {
    return (await formats()).drawSvg(this.renderRoot, this.#scene());
  }

  /** The same picture as a PNG. */
  async toPNG(): Promise<Blob> {
    return (await formats()).drawPng(this.renderRoot, this.#scene());
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopWatching = watchTag(this, {
      contentChanged: () => this.#readContent(),
      sizeChanged: () => this.#layOut(),
      nearChanged: (near) => {
        this.#scheduler.nearChanged(near);
        this.requestUpdate();
      },
    });
    this.#readContent();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopWatching();
    this.#scheduler.leave();
    // Being moved within the page disconnects for a moment; only a tag that stays away lets the engine go.
    setTimeout(() => this.isConnected || this.#analysis.release());
  }

  protected override createRenderRoot(): HTMLElement | DocumentFragment {
    const root = super.createRenderRoot() as ShadowRoot;
    this.#interaction = new Interaction(root, {
      selection: this.#selection,
      scene: () => this.#scene(),
      changed: () => this.requestUpdate(),
    });
    return root;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("strings")) this.#localizer = createLocalizer(this.strings);
    if (this.strings === null) this.#followLanguage();
    if (this.why && !this.#why) this.#fetchWhy();
    if (changed.has("results")) this.#takeResults();
    this.#photo.give(this.#src, this.image, this.#crossOrigin);
    if (!this.#given && this.#found?.text !== this.#text) this.#found = null;
    if (!this.#given && !this.#scheduler.wasAsked(this.#question())) this.#analysis.reset();
    this.#see();
  }

  protected override render(): TemplateResult {
    return tagTemplate(this.#scene(), this.#why);
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("results") && this.#given?.error) fire(this, "mner-error", { error: this.#given.error });
    this.#photo.paint(this.renderRoot.querySelector<HTMLCanvasElement>(".frame > canvas"));
    this.#layOut();
    this.#tellSelection();
    if (this.isConnected && !this.#given) this.#scheduler.runWhenDue(this.#question(), this.loading);
  }

  get #text(): string {
    if (this.#given?.result) return this.#given.result.text;
    return this.text ?? this.#light.text;
  }

  get #src(): string | null {
    return this.src ?? this.#light.photo?.src ?? null;
  }

  /** Where text and photo come from, for exports. */
  get #source(): Pick<this, "image" | "src" | "baseURI"> {
    return { image: this.image, src: this.#src, baseURI: this.baseURI };
  }

  get #crossOrigin(): "anonymous" | "use-credentials" | null {
    return this.crossOrigin ?? (this.src === null ? (this.#light.photo?.crossOrigin ?? null) : null);
  }

  #question(): Question {
    const { image, queries, nested, threshold, model, backend, system, baseURI } = this;
    const photo = { src: this.#src, image, crossOrigin: this.#crossOrigin };
    return { text: this.#text, ...photo, queries, nested, threshold, model, backend, system, baseURI };
  }

  #takeResults(): void {
    const first = !this.hasUpdated;
    this.#given = this.results === null ? null : checkResults(this.results);
    this.#found = null;
    if (!this.#given) return;
    this.#scheduler.pause();
    this.#see();
    // What is there from the beginning is simply part of the page; only a change is news.
    if (!first) this.#announce(this.#given.result);
  }

  #readContent(): void {
    const light = readLight(this);
    if (JSON.stringify(light) === JSON.stringify(this.#light)) return;
    this.#light = light;
    this.requestUpdate();
  }

  /** `lang="de"` on the page or on the tag is enough for German strings. */
  #followLanguage(): void {
    const language = languageOf(this);
    if (language === this.#language) return;
    this.#language = language;
    const load = translations[language];
    const take = (strings: Partial<Strings> | null): void => {
      if (this.strings !== null || this.#language !== language) return;
      this.#localizer = createLocalizer(strings);
      this.requestUpdate();
    };
    // Without its file the tag goes on in English.
    if (load) load().then(take, () => {});
    else take(null);
  }

  async #fetchWhy(): Promise<void> {
    try {
      this.#why = await import("./why.js");
    } catch {
      // Closed again, so that the next press asks anew.
      this.why = false;
      return;
    }
    const root = this.renderRoot as ShadowRoot;
    const { styleSheet } = this.#why.whyStyles;
    if (styleSheet) root.adoptedStyleSheets = [...root.adoptedStyleSheets, styleSheet];
    this.requestUpdate();
  }

  #finish(result: AnalysisResult): void {
    this.#found = result;
    this.#see();
    this.#announce(result);
    this.requestUpdate();
    fire(this, "mner-result", { result });
  }

  #announce(result: AnalysisResult | null): void {
    this.#announcement = summary({ localizer: this.#localizer, view: this.#shown.view, result });
  }

  /** Works out what is to be drawn. */
  #see(): void {
    const { threshold, types } = this;
    this.#shown.update({ text: this.#text, result: this.#result, threshold, types, photo: this.#photo });
    this.#selection.keep((id) => this.#shown.view.entities.some((entity) => entity.id === id));
  }

  #scene(): Scene {
    return composeScene({
      tag: this,
      text: this.#text,
      alt: this.alt ?? (this.src === null && this.image === null ? (this.#light.photo?.alt ?? null) : null),
      caption: this.src === null && this.image === null ? (this.#light.photo?.caption ?? "") : "",
      given: this.#given,
      phase: this.#analysis.phase,
      wasAsked: this.#scheduler.wasAsked(this.#question()),
      shown: this.#shown,
      photo: this.#photo,
      selection: this.#selection,
      interaction: this.#interaction,
      localizer: this.#localizer,
      announcement: this.#announcement,
      act: this.#actions,
    });
  }

  #tellSelection(): void {
    const id = this.#selection.pinned;
    if (id === this.#selected) return;
    this.#selected = id;
    const { view, result } = this.#shown;
    const entity = view.entities.find((shown) => shown.id === id);
    fire(this, "mner-select", { id, entity: (entity && result?.entities[entity.index]) ?? null });
  }

  #layOut(): void {
    if (!this.hasUpdated) return;
    const scene = this.#scene();
    layOut(this.renderRoot as ShadowRoot, scene);
    if (this.why) this.#why?.paintVeil(this.renderRoot, scene);
  }
}

/**
 * Registers the tag, once per page: a second copy of the script, of whatever version, leaves the first in charge. A name that
 * something else has taken is told, since every tag of the page would silently stay empty.
 */
export function defineMnerQg(): void {
  if (typeof customElements === "undefined") return;
  const taken = customElements.get("mner-qg");
  if (taken === undefined) customElements.define("mner-qg", MnerQg);
  else if (!("toCoNLL" in taken.prototype)) {
    reportError(new MnerError("option-invalid", "mner-qg is taken. Load this first."));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "mner-qg": MnerQg;
  }
}
