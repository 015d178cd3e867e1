// The little of the library's tokeniser that we use. Its own typings describe the whole library, which we keep out.
declare module "@xenova/transformers/src/tokenizers.js" {
  export class TokenizerModel {
    static fromConfig(config: unknown): TokenizerModel;
    readonly tokens_to_ids: ReadonlyMap<string, number>;
    readonly unk_token: string;
    encode(tokens: readonly string[]): string[];
    convert_tokens_to_ids(tokens: readonly string[]): number[];
  }
}
