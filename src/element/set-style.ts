// Sets styles through the CSSOM. Lit's own styleMap writes a style attribute on first render, which a strict
// Content-Security-Policy blocks; setProperty is allowed by every policy.
import { noChange } from "lit";
import { Directive, type DirectiveResult, directive, type ElementPart } from "lit/directive.js";

export type Styles = Readonly<Record<string, string>>;

class SetStyle extends Directive {
  #previous: Styles = {};

  override update(part: ElementPart, [styles]: [Styles]): typeof noChange {
    const style = (part.element as HTMLElement | SVGElement).style;
    for (const name of Object.keys(this.#previous)) if (!(name in styles)) style.removeProperty(name);
    for (const [name, value] of Object.entries(styles)) {
      if (this.#previous[name] !== value) style.setProperty(name, value);
    }
    this.#previous = styles;
    return noChange;
  }

  override render(_styles: Styles): typeof noChange {
    return noChange;
  }
}

export const setStyle: (styles: Styles) => DirectiveResult = directive(SetStyle);
