// What a reader can do with the page, and what then changes. Parts of the page call these actions and draw the store;
// nothing else writes to it.

import type { AnalysisResult, Notice } from "../core/results.js";
import type { MnerQg } from "../element/mner-qg.js";
import type { Analyzer, Query } from "../engine/analyzer.js";
import { OfflineApp } from "../pwa/offline-app.js";
import { type Example, examples, findExample, firstExample, photoAddress, storedResult } from "./examples/examples.js";
import { type Incoming, unknownFiles } from "./intake/incoming.js";
import { ModelLoader } from "./model-loader.js";
import { type Draft, keepDraft, keepPhoto } from "./state/draft.js";
import { readSettings, writeSettings } from "./state/settings.js";
import { type SharedState, sharedPart, writeFragment } from "./state/share-link.js";
import { type AppState, type BackendChoice, initialState, type Theme, type Toast, type View } from "./state/state.js";
import { createStore, type Store } from "./state/store.js";

/** How long the hand must rest before what it typed is read. */
const REST_MS = 600;
const TOAST_MS = 8000;

interface InstallPrompt extends Event {
  prompt(): Promise<{ readonly outcome: "accepted" | "dismissed" }>;
}

export class App {
  readonly store: Store<AppState>;
  readonly offline: OfflineApp;
  readonly #model: ModelLoader;
  /** The one <mner-qg> of the single view, as long as it is there. */
  element: MnerQg | null = null;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #toasts = 0;
  #installPrompt: InstallPrompt | null = null;
  /** Whether the next answer is to be brought into view, where it is not. */
  wantsAnswer = false;

  constructor(script: string) {
    this.store = createStore<AppState>({ ...initialState, ...readSettings() });
    this.offline = new OfflineApp(script, {
      offlineChanged: (offline) => this.store.set({ offline }),
      updateReady: () => this.store.set({ update: "ready" }),
      updateTaken: () => this.store.set({ update: "taken" }),
    });
    this.#model = new ModelLoader({
      modelChanged: (model) => {
        this.store.set({ model });
        if (model.kind === "ready") void this.offline.check();
      },
      noticed: (notice) => this.#noticed(notice),
    });
  }

  get state(): Readonly<AppState> {
    return this.store.state;
  }

  // What is asked

  setText(text: string): void {
    this.store.set({ text, ...this.#withoutExample("photo") });
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#ask(), REST_MS);
  }

  /** `null` takes the photo away. */
  setPhoto(photo: File | null): void {
    this.store.set({
      ...(photo ? this.#withoutExample("text") : {}),
      photo: photo && { kind: "own", blob: photo, name: photo.name || "photo" },
      stored: null,
      result: null,
    });
    void keepPhoto(photo);
    this.#ask();
  }

  /** A photo of one's own that a reload took from the page, but not from the device. */
  restorePhoto(photo: File): void {
    this.store.set({ photo: { kind: "own", blob: photo, name: photo.name }, stored: null, result: null });
  }

  /** Whoever brings a half of a tweet does not want the example's other half with it. */
  #withoutExample(half: "text" | "photo"): Partial<AppState> {
    const { photo, text } = this.state;
    if (half === "photo") return photo?.kind === "example" ? { photo: null, stored: null, result: null } : {};
    return examples.some((example) => example.text === text) ? { text: "", askedText: "" } : {};
  }

  setQueries(queries: readonly Query[]): void {
    this.store.set({ queries, stored: null });
  }

  setThreshold(threshold: number | null): void {
    // Stored results hold what the model's own threshold let through: they can be thinned out, not added to.
    const { stored, model } = this.state;
    const thinner = threshold === null || (model.kind === "ready" ? threshold >= model.threshold : threshold >= 0.5);
    this.store.set({ threshold, stored: thinner ? stored : null });
  }

  setNested(nested: boolean): void {
    this.store.set({ nested, stored: null });
  }

  setBackend(backend: BackendChoice): void {
    this.store.set({ backend, stored: null, notices: [] });
    this.#remember();
    this.loadModel();
  }

  /** Reads text and photo now, also when they were read before. */
  run(): void {
    this.wantsAnswer = true;
    const before = this.state;
    this.#ask();
    this.store.set({ stored: null });
    const asked = this.state.askedText !== before.askedText || before.stored !== null;
    // Anything that is new to the element starts it; the same question again has to be put to it.
    if (asked || !this.element) return;
    this.started();
    this.element.analyze().catch(() => {});
  }

  /** Lets go of what is being read; it can be asked again. */
  stop(): void {
    clearTimeout(this.#rest);
    // The newest request wins, and this one ends at once.
    this.element?.analyze({ signal: AbortSignal.abort() }).catch(() => {});
    this.store.set({ running: false });
  }

  /** Shows an example with its stored results: at once, whatever the model is doing. */
  async openExample(example: Example): Promise<void> {
    clearTimeout(this.#rest);
    const stored = await storedResult(example.id);
    void keepPhoto(null);
    this.showExample(example, stored);
  }

  showExample(example: Example, stored: AnalysisResult | null): void {
    const { id, text, photo: name, alt, queries = [] } = example;
    const photo = { kind: "example", example: id, url: photoAddress(example), name, alt } as const;
    this.store.set({
      view: this.state.view === "compare" ? "compare" : "single",
      text,
      askedText: text,
      photo,
      stored,
      result: stored,
      queries,
      // What was begun for an address before its stored answer was there has been let go.
      running: stored === null && this.state.running,
      nested: false,
      threshold: null,
    });
  }

  #ask(): void {
    clearTimeout(this.#rest);
    const { text, askedText, stored } = this.state;
    if (text === askedText) return;
    this.store.set({ askedText: text, stored: stored?.text === text ? stored : null, result: null });
  }

  // What comes back

  started(): void {
    this.store.set({ running: true });
  }

  ended(result: AnalysisResult | null): void {
    this.store.set(result ? { running: false, result } : { running: false });
  }

  // What comes in

  /** Dropped, pasted, picked, shared or opened: all ways end here. */
  receive({ text, photos, tables, unknown, notes = [] }: Incoming): void {
    if (tables.length > 0 || photos.length > 1) {
      this.store.set({ view: "batch", forBatch: { text, photos, tables, unknown } });
    } else if (this.state.view === "batch" && photos.length > 0 && text === null) {
      this.store.set({ forBatch: { text, photos, tables, unknown } });
    } else if (text !== null || photos.length > 0) {
      this.#receiveTweet(text, photos[0] ?? null);
    }
    if (unknown.length > 0) this.say(unknownFiles(unknown).message, "trouble");
    for (const note of notes) this.say(note, "trouble");
  }

  #receiveTweet(text: string | null, photo: File | null): void {
    const alone = text !== null && photo === null ? this.#withoutExample("photo") : {};
    const view = this.state.view === "compare" ? "compare" : "single";
    this.store.set({ view, ...alone, ...(text === null ? {} : { text }) });
    if (photo) this.setPhoto(photo);
    this.#ask();
  }

  apply(shared: Partial<SharedState>): void {
    const { example: name, ...rest } = shared;
    // An address that only chooses a view or a backend says nothing of a tweet: then there is one to look at.
    const example = findExample(name ?? (shared.text === undefined ? firstExample.id : null));
    const text = shared.text ?? example?.text ?? "";
    const plain =
      example !== null && text === example.text && !shared.queries && !shared.nested && shared.threshold === undefined;
    this.store.set({
      queries: [],
      threshold: null,
      nested: false,
      ...rest,
      text,
      askedText: text,
      photo: null,
      stored: null,
      result: null,
    });
    if (!example) return;
    if (plain && !shared.backend)
      void this.openExample(example).then(() => this.store.set({ view: shared.view ?? "single" }));
    else {
      const { id, photo: file, alt } = example;
      this.store.set({ photo: { kind: "example", example: id, url: photoAddress(example), name: file, alt } });
    }
  }

  restore(draft: Draft): void {
    this.store.set({ ...draft, askedText: draft.text, stored: null, result: null });
  }

  // The page itself

  setView(view: View): void {
    this.store.set({ view });
  }

  setTheme(theme: Theme): void {
    this.store.set({ theme });
    this.#remember();
  }

  setHovering(hovering: boolean): void {
    this.store.set({ hovering });
  }

  takeForBatch(): Incoming | null {
    const { forBatch } = this.state;
    this.store.set({ forBatch: null });
    return forBatch;
  }

  loadModel(): Promise<Analyzer> {
    return this.#model.load(this.state.backend);
  }

  say(message: string, tone: Toast["tone"] = "plain"): void {
    const toast: Toast = { id: ++this.#toasts, message, tone };
    this.store.set({ toasts: [...this.state.toasts.filter((other) => other.message !== message), toast].slice(-3) });
    if (tone === "plain") setTimeout(() => this.unsay(toast.id), TOAST_MS);
  }

  unsay(id: number): void {
    this.store.set({ toasts: this.state.toasts.filter((toast) => toast.id !== id) });
  }

  /** An address that opens what is shown now, without the photo if it is one's own. */
  get link(): string {
    const address = new URL(document.baseURI);
    address.hash = writeFragment(sharedPart(this.state));
    return address.href;
  }

  installPossible(prompt: Event): void {
    this.#installPrompt = prompt as InstallPrompt;
    this.store.set({ installable: true });
  }

  async install(): Promise<void> {
    const prompt = this.#installPrompt;
    this.#installPrompt = null;
    this.store.set({ installable: false });
    const { outcome } = (await prompt?.prompt()) ?? {};
    // An installed app's files should not be the first to go when the device runs out of room.
    if (outcome === "accepted") await navigator.storage?.persist?.();
  }

  async update(): Promise<void> {
    const { view, text, photo, queries, threshold, nested } = this.state;
    await keepDraft({ view, text, photo, queries, threshold, nested });
    this.offline.applyUpdate();
  }

  #noticed(notice: Notice): void {
    if (this.state.notices.some(({ code }) => code === notice.code)) return;
    this.store.set({ notices: [...this.state.notices, notice] });
    if (notice.code.startsWith("storage-")) this.store.set({ offline: { kind: "incomplete", reason: notice.message } });
  }

  #remember(): void {
    const { theme, backend } = this.state;
    writeSettings({ theme, backend });
  }
}
