// What was tried and what came of it, one row a case. The rows of all files become one table at the end of the run.
import { appendFileSync } from "node:fs";
import { inject, it } from "vitest";

export interface Tried {
  /** How often; once when absent. */
  readonly tries?: number;
  readonly outcome: string;
  /** The error's code, or a notice's; several with their counts. */
  readonly code?: string;
}

export interface Row extends Required<Tried> {
  readonly class: string;
  readonly case: string;
}

declare module "vitest" {
  interface ProvidedContext {
    hostileRows: string;
  }
}

/** A test of the suite: fails as any other, and leaves its row whichever way it ends. */
export type Attempt = (name: string, run: () => Promise<Tried | undefined> | Tried, timeout?: number) => void;

export function attempts(kind: string): Attempt {
  return (name, run, timeout) =>
    it(
      name,
      async () => {
        try {
          write(kind, name, (await run()) ?? { outcome: "holds" });
        } catch (error) {
          write(kind, name, {
            outcome: "FAILED",
            code: String((error as Error).message)
              .split("\n")[0]!
              .slice(0, 80),
          });
          throw error;
        }
      },
      timeout,
    );
}

function write(kind: string, name: string, { tries = 1, outcome, code = "" }: Tried): void {
  const row: Row = { class: kind, case: name, tries, outcome, code };
  appendFileSync(inject("hostileRows"), `${JSON.stringify(row)}\n`);
}

/** "12 read, 3 model-not-a-model", the commonest first. */
export function counted(outcomes: ReadonlyMap<string, number>): string {
  return [...outcomes]
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}
