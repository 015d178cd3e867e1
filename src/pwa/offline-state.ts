// What can be said about working without a network. "Ready" is a promise, so it is only said after every file was found and
// its hash compared.

export type OfflineState =
  /** Being stored, or not yet looked at. */
  | { readonly kind: "pending" }
  | { readonly kind: "checking" }
  | { readonly kind: "ready"; readonly files: number; readonly bytes: number }
  /** Works now, but not without a network. */
  | { readonly kind: "incomplete"; readonly reason: string }
  /** This browser or this way of opening the page cannot store an app. */
  | { readonly kind: "unsupported"; readonly reason: string };
