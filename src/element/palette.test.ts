import { describe, expect, it } from "vitest";
import { inks, onInk } from "./palette.js";

type Triple = readonly [number, number, number];

function linear(hex: string): Triple {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

const times = (rows: readonly Triple[], [a, b, c]: Triple): Triple =>
  rows.map((row) => row[0] * a + row[1] * b + row[2] * c) as unknown as Triple;

function contrast(a: string, b: string): number {
  const luminance = (hex: string): number =>
    times(
      [
        [0.2126, 0.7152, 0.0722],
        [0, 0, 0],
        [0, 0, 0],
      ],
      linear(hex),
    )[0];
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function oklab(rgb: Triple): Triple {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb.map((value) => Math.max(0, value)) as unknown as Triple,
  ).map(Math.cbrt) as unknown as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  );
}

// Complete dichromacy after Machado, Oliveira and Fernandes (2009), on linear RGB.
const eyes: Record<string, readonly Triple[]> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const main = ["per", "loc", "org", "other"];

describe("type colours", () => {
  for (const scheme of ["light", "dark"] as const) {
    for (const [eye, matrix] of Object.entries(eyes)) {
      it(`keeps the four types apart (${scheme}, ${eye})`, () => {
        for (const a of main) {
          for (const b of main) {
            if (a >= b) continue;
            const [x, y] = [a, b].map((name) => oklab(times(matrix, linear(inks[name]![scheme])))) as [Triple, Triple];
            expect(Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]), `${a} and ${b}`).toBeGreaterThan(0.1);
          }
        }
      });
    }
    it(`carries text at 4.5:1 on every ink (${scheme})`, () => {
      for (const [name, ink] of Object.entries(inks)) {
        expect(contrast(ink[scheme], onInk[scheme]), name).toBeGreaterThanOrEqual(4.5);
      }
    });
  }
  it("reads as text on the page itself", () => {
    for (const [name, ink] of Object.entries(inks)) {
      expect(contrast(ink.light, "#ffffff"), name).toBeGreaterThanOrEqual(4.5);
      expect(contrast(ink.dark, "#1e1f22"), name).toBeGreaterThanOrEqual(4.5);
    }
  });
});
