// Pointer and keys: links spans, boxes and list items both ways, and walks from a name to its box to the next name.
import type { Scene } from "./scene.js";
import type { Selection } from "./selection.js";
import type { ShownBox, Stop, View } from "./view.js";

/** The order in which keys lead through a result: a name, its box or both of them, the next name; then boxes without a name. */
export function buildWalk(view: View): readonly Stop[] {
  const named = view.entities.flatMap((entity): Stop[] => [
    { kind: "span", entity: entity.id, box: null },
    ...entity.boxIds.map((box): Stop => ({ kind: "box", entity: entity.id, box })),
  ]);
  const unnamed = view.boxes.filter(({ entities }) => entities.length === 0);
  return [...named, ...unnamed.map(({ id }): Stop => ({ kind: "box", entity: "", box: id }))];
}

/** Where a key leads from `at`, or `null` when it is not a walking key. Arrows stop at the ends; they do not wrap. */
export function walkTo(key: string, at: number, count: number, rightToLeft = false): number | null {
  if (count === 0) return null;
  const forward = rightToLeft ? "ArrowLeft" : "ArrowRight";
  const back = rightToLeft ? "ArrowRight" : "ArrowLeft";
  if (key === forward || key === "ArrowDown") return Math.min(count - 1, at + 1);
  if (key === back || key === "ArrowUp") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}

export interface InteractionHost {
  readonly selection: Selection;
  scene(): Scene;
  changed(): void;
}

/** What an element inside the tag stands for. */
interface Target {
  readonly element: HTMLElement | SVGElement;
  readonly kind: "span" | "box" | "item" | "run";
  readonly ids: readonly string[];
  readonly box: string | null;
}

export class Interaction {
  #at = 0;
  #listAt = 0;
  readonly #host: InteractionHost;
  readonly #root: ShadowRoot | HTMLElement;

  constructor(root: ShadowRoot | HTMLElement, host: InteractionHost) {
    this.#root = root;
    this.#host = host;
    const on = (name: string, listener: (event: Event) => void): void => root.addEventListener(name, listener);
    on("pointerover", (event) => this.#pointer(event as PointerEvent));
    on("pointerout", (event) => {
      const { relatedTarget } = event as PointerEvent;
      if (!(relatedTarget instanceof Node && root.contains(relatedTarget))) this.#hover([]);
    });
    on("focusin", (event) => this.#focus(this.#target(event.target)));
    on("focusout", () => this.#focus(null));
    on("keydown", (event) => this.#key(event as KeyboardEvent));
    on("click", (event) => this.#click(event as MouseEvent));
  }

  get #walk(): readonly Stop[] {
    return buildWalk(this.#host.scene().view);
  }

  /** The one place in text and photo that Tab leads to. */
  stop(walk: readonly Stop[]): Stop | null {
    return walk[Math.min(this.#at, walk.length - 1)] ?? null;
  }

  /** The one item of the list that Tab leads to. */
  listStop(ids: readonly string[]): string | null {
    return ids[Math.min(this.#listAt, ids.length - 1)] ?? null;
  }

  #target(from: EventTarget | null): Target | null {
    const element =
      from instanceof Element
        ? from.closest<HTMLElement | SVGElement>("[data-entity],[data-box],[data-item],[data-run],[data-label]")
        : null;
    if (!element) return null;
    const { entity, box, item, run } = element.dataset;
    if (entity !== undefined) return { element, kind: "span", ids: [entity], box: null };
    if (item !== undefined) return { element, kind: "item", ids: [item], box: null };
    const { view, segmentation } = this.#host.scene();
    if (run !== undefined) {
      // The innermost name is the one meant, as it is the smallest thing there.
      const spans = segmentation.runs[Number(run)]?.spans ?? [];
      return { element, kind: "run", ids: spans.map((span) => view.entities[span.index]!.id).reverse(), box: null };
    }
    const shown = view.boxes.find((candidate) => candidate.id === box);
    return shown ? { element, kind: "box", ids: shown.entities.map(({ id }) => id), box: shown.id } : null;
  }

  #pointer(event: PointerEvent): void {
    // A finger has no hover; its tap is a click.
    if (event.pointerType === "touch") return;
    const target = this.#target(event.target);
    this.#hover(target ? (target.kind === "run" ? target.ids.slice(0, 1) : target.ids) : []);
  }

  #hover(ids: readonly string[]): void {
    const { selection } = this.#host;
    if (ids.join() === selection.hovered.join()) return;
    selection.hovered = ids;
    this.#host.changed();
  }

  #focus(target: Target | null): void {
    const walk = this.#walk;
    if (target?.kind === "span" || target?.kind === "box") {
      const stands = (stop: Stop | undefined): boolean =>
        stop?.kind === target.kind && (target.kind === "box" ? stop.box === target.box : stop.entity === target.ids[0]);
      if (!stands(walk[this.#at])) this.#at = Math.max(0, walk.findIndex(stands));
    } else if (target?.kind === "item") {
      this.#listAt = this.#host.scene().view.entities.findIndex(({ id }) => id === target.ids[0]);
    }
    // A click focuses too, but only the keyboard's focus lights up: a second click must be able to put out the light.
    this.#host.selection.focused = target?.element.matches(":focus-visible") ? target.ids : [];
    this.#host.changed();
  }

  #click(event: MouseEvent): void {
    const target = this.#target(event.target);
    if (target?.kind !== "run" || event.defaultPrevented) return;
    // The end of a drag over the text selects text, nothing else.
    const selection = document.getSelection();
    if (selection?.type === "Range" && String(selection) !== "") return;
    this.#host.selection.cycle(target.ids);
    this.#host.changed();
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") {
      if (!this.#host.selection.clear()) return;
      event.stopPropagation();
      this.#host.changed();
      return;
    }
    const target = this.#target(event.target);
    if (!target || target.kind === "run") return;
    if (target.kind === "box" && (event.key === "Enter" || event.key === " ")) {
      // An SVG group is no button by itself.
      event.preventDefault();
      const { view, act } = this.#host.scene();
      const box = view.boxes.find(({ id }) => id === target.box);
      if (box) act.pinBox(box);
      return;
    }
    if (target.kind === "item") this.#step(event, this.#listAt, this.#items().length, (to) => this.#items()[to]);
    else {
      const walk = this.#walk;
      this.#step(event, this.#at, walk.length, (to) => {
        this.#at = to;
        return this.#find(walk[to]!);
      });
    }
  }

  #step(
    event: KeyboardEvent,
    at: number,
    count: number,
    find: (to: number) => HTMLElement | SVGElement | null | undefined,
  ): void {
    const text = this.#root.querySelector(".text");
    const rightToLeft = text !== null && getComputedStyle(text).direction === "rtl";
    const to = walkTo(event.key, at, count, rightToLeft);
    if (to === null) return;
    event.preventDefault();
    find(to)?.focus();
  }

  #items(): HTMLElement[] {
    return [...this.#root.querySelectorAll<HTMLElement>("[data-item]")];
  }

  #find(stop: Stop): HTMLElement | SVGElement | undefined {
    const all = [...this.#root.querySelectorAll<HTMLElement | SVGElement>("[data-entity],[data-box]")];
    return all.find(({ dataset }) => (stop.kind === "box" ? dataset.box === stop.box : dataset.entity === stop.entity));
  }
}

/** The ids a click on a box goes through. */
export const idsOf = (box: ShownBox): string[] => box.entities.map(({ id }) => id);
