// What is lit: what the pointer is over, else what the keyboard stands on, else what was pinned by a click.

export class Selection {
  hovered: readonly string[] = [];
  focused: readonly string[] = [];
  pinned: string | null = null;

  get active(): ReadonlySet<string> {
    if (this.hovered.length) return new Set(this.hovered);
    if (this.focused.length) return new Set(this.focused);
    return new Set(this.pinned === null ? [] : [this.pinned]);
  }

  /** Pins, or lets go of what is pinned already. */
  toggle(id: string): void {
    this.pinned = this.pinned === id ? null : id;
  }

  /** Of several names in one place: the one after the pinned one, so that repeated clicks reach each and then none. */
  cycle(ids: readonly string[]): void {
    const at = this.pinned === null ? -1 : ids.indexOf(this.pinned);
    this.pinned = ids[at + 1] ?? null;
  }

  /** Everything off. Tells whether anything was on. */
  clear(): boolean {
    const was = this.hovered.length + this.focused.length > 0 || this.pinned !== null;
    this.hovered = [];
    this.focused = [];
    this.pinned = null;
    return was;
  }

  /** Drops what no longer exists. */
  keep(exists: (id: string) => boolean): void {
    this.hovered = this.hovered.filter(exists);
    this.focused = this.focused.filter(exists);
    if (this.pinned !== null && !exists(this.pinned)) this.pinned = null;
  }
}
