// How long to try: briefly as a part of `npm test`, or for as long as `npm run test:hostile -- --minutes N` says.

const minutes = Number(process.env.HOSTILE_MINUTES ?? 0);

export const effort = {
  long: minutes > 0,
  minutes,
  /** Minutes that one page is kept at work; 0 for the few seconds of the short form. */
  soakMinutes: Number(process.env.SOAK_MINUTES ?? 0),
  /** Where randomness starts; a failing run names it. */
  seed: Number(process.env.HOSTILE_SEED ?? 20_230_207),
};

/** The end of a part of the run that may take this share of the minutes asked for. */
export function deadline(share: number): number {
  return performance.now() + share * minutes * 60_000;
}
