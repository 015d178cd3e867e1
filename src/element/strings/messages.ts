// What is said about a failure: the translation of its code, else the error's own words.
import { isMnerError } from "../../core/mner-error.js";
import type { Speaker } from "./speak.js";

export function translated({ strings }: Pick<Speaker, "strings">, code: string): string | undefined {
  const errors: Readonly<Record<string, string | undefined>> = strings.errors;
  return Object.hasOwn(errors, code) ? errors[code] : undefined;
}

export function messageOf(speaker: Pick<Speaker, "strings">, error: Error): string {
  return (isMnerError(error) && translated(speaker, error.code)) || error.message;
}
