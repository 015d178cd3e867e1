export declare const trustedTypePolicies: readonly string[];
export declare function contentSecurityPolicy(options?: { wasm?: boolean; frames?: boolean }): string;
export declare function recommendedHeaders(options?: { wasm?: boolean; frames?: boolean }): Record<string, string>;
