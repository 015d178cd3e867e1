// A sound JSON document in which one or more values were replaced, dropped, or given company that reaches into prototypes.
import fc from "fast-check";

type Path = readonly (string | number)[];

const hostileValues: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 53,
  1e308,
  "",
  "x".repeat(5000),
  "../../x",
  "https://attacker.invalid/x",
  [],
  {},
  [[[[[[[[]]]]]]]],
];

/** Assignment would set the prototype; JSON.parse makes a property of its own, as an attacker's file has it. */
const polluting = ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function change(value: unknown, path: Path, by: (old: unknown) => unknown): unknown {
  if (path.length === 0) return by(value);
  const [key, ...rest] = path as [string, ...Path];
  if (typeof value !== "object" || value === null || !(key in value)) return value;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  const inner = change((value as Record<string, unknown>)[key], rest, by);
  if (inner === undefined) delete (copy as Record<string, unknown>)[key];
  else (copy as Record<string, unknown>)[key] = inner;
  return copy;
}

/** Merges the properties of its own that JSON.parse made, `__proto__` among them. */
function withCompany(old: unknown, json: string): unknown {
  if (typeof old !== "object" || old === null || Array.isArray(old)) return JSON.parse(json);
  return JSON.parse(`${JSON.stringify(old).replace(/}$/, Object.keys(old).length > 0 ? "," : "")}${json.slice(1)}`);
}

export function spoiledJson(sound: unknown): fc.Arbitrary<unknown> {
  const path = fc.constantFrom(...pathsOf(sound));
  const by = fc.oneof(
    fc.constantFrom(...hostileValues).map((value) => () => value),
    fc.jsonValue().map((value) => () => value),
    fc.constant(() => undefined),
    fc.constantFrom(...polluting).map((json) => (old: unknown) => withCompany(old, json)),
  );
  return fc
    .array(fc.tuple(path, by), { maxLength: 3 })
    .map((changes) => changes.reduce((value, [at, how]) => change(value, at, how), sound));
}
