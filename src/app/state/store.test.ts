// Holds the store to its promises: merged, told once, and never about nothing.
import { describe, expect, it, vi } from "vitest";
import { createStore } from "./store.js";

describe("createStore", () => {
  it("merges and tells the state before", () => {
    const store = createStore({ a: 1, b: "x" });
    const listener = vi.fn();
    store.subscribe(listener);
    store.set({ a: 2 });
    expect(store.state).toEqual({ a: 2, b: "x" });
    expect(listener).toHaveBeenCalledExactlyOnceWith({ a: 2, b: "x" }, { a: 1, b: "x" });
  });

  it("is silent when nothing is different", () => {
    const store = createStore({ a: Number.NaN });
    const listener = vi.fn();
    store.subscribe(listener);
    store.set({ a: Number.NaN });
    expect(listener).not.toHaveBeenCalled();
  });

  it("lets a listener leave while others are told", () => {
    const store = createStore({ a: 1 });
    const second = vi.fn();
    const leave = store.subscribe(() => leave());
    store.subscribe(second);
    store.set({ a: 2 });
    store.set({ a: 3 });
    expect(second).toHaveBeenCalledTimes(2);
  });
});
