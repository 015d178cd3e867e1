// Reads a command's options with node:util, and turns each mistake into a usage error that says what is allowed.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { MnerError } from "../../core/mner-error.js";

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

export interface ParsedOptions {
  readonly values: OptionValues;
  readonly positionals: readonly string[];
}

export function usage(problem: string): MnerError {
  return new MnerError("usage", `${problem} Run mner-qg --help, or mner-qg COMMAND --help.`);
}

/** `names`: option names with their kind; every command takes --help too. */
export function parseOptions(
  argv: readonly string[],
  names: Readonly<Record<string, "string" | "boolean">>,
  positionals: number,
): ParsedOptions {
  const options: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean", short: "h" } };
  for (const [name, type] of Object.entries(names)) options[name] = { type };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usage(`${error instanceof Error ? error.message.split(". ")[0] : String(error)}.`);
  }
  if (parsed.positionals.length > positionals) {
    throw usage(`"${parsed.positionals[positionals]}" is one argument too many.`);
  }
  return { values: parsed.values as OptionValues, positionals: parsed.positionals };
}

export function textOption(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  if (value === "") throw usage(`--${name} needs a value.`);
  return typeof value === "string" ? value : undefined;
}

export function requiredOption(values: OptionValues, name: string): string {
  const value = textOption(values, name);
  if (value === undefined) throw usage(`--${name} is missing.`);
  return value;
}

export function choiceOption<T extends string>(
  values: OptionValues,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const value = textOption(values, name);
  if (value === undefined) return fallback;
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw usage(`--${name} is "${value}", but must be one of ${choices.join(", ")}.`);
  return choice;
}

export function integerOption(
  values: OptionValues,
  name: string,
  least: number,
  most: number,
  fallback: number,
): number {
  const value = textOption(values, name);
  if (value === undefined) return fallback;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw usage(`--${name} is "${value}", but must be a whole number from ${least} to ${most}.`);
  }
  return number;
}

export function numberOption(values: OptionValues, name: string, least: number, most: number): number | undefined {
  const value = textOption(values, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!(number >= least && number <= most))
    throw usage(`--${name} is "${value}", but must be a number from ${least} to ${most}.`);
  return number;
}
