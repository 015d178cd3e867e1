import type { Server } from "node:http";

export declare function createStaticServer(options: {
  readonly root: string;
  readonly base?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly compress?: boolean;
}): Server;

export declare function listen(
  server: Server,
  options?: { readonly port?: number; readonly host?: string; readonly tries?: number },
): Promise<string>;
