// Stands in for Lit's server DOM in the bundle: just enough for `class … extends HTMLElement` to be read in Node. The
// element does not render there; a page shows the tag's light DOM until the script runs in a browser.

export class HTMLElement {}

/** Left undefined on purpose: importing this library must not give Node a `customElements` that other code might trip over. */
export const customElements = undefined;
