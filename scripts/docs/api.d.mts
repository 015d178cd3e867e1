export interface Declaration {
  readonly name: string;
  readonly kind: string;
  /** Its comment, as one paragraph. */
  readonly text: string;
  readonly code: string;
}
export function declarationsOf(source: string): Declaration[];
export function writeApi(root: string): string;
