// The server of `npm start`, asked by raw bytes: nothing but the folder's own files, for nobody but this machine's pages.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { createStaticServer } from "../../../scripts/serve/static-server.mjs";
import { attempts } from "../support/ledger.js";

const attempt = attempts("5 security");
let folder: string;
let server: Server;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mner-qg-server-"));
  const root = join(folder, "root");
  await mkdir(join(root, ".git"), { recursive: true });
  await mkdir(join(folder, "root-beside"));
  await writeFile(join(root, "index.html"), "<p>home</p>");
  await writeFile(join(root, "long.js"), "0;".repeat(4000));
  await writeFile(join(root, ".env"), "secret");
  await writeFile(join(root, ".git", "config"), "secret");
  await writeFile(join(folder, "secret.txt"), "secret");
  await writeFile(join(folder, "root-beside", "secret.txt"), "secret");
  await symlink(join(folder, "secret.txt"), join(root, "link.txt"));
  await symlink(folder, join(root, "up"));
  await symlink(join(root, "long.js"), join(root, "same.js"));
  server = createStaticServer({ root });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function ask(target: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (piece: string) => {
      text += piece;
    });
    socket.on("error", reject);
    socket.on("close", () => {
      const [head, ...body] = text.split("\r\n\r\n");
      const [line, ...fields] = head!.split("\r\n");
      resolve({
        status: Number(line!.split(" ")[1]),
        headers: new Map(fields.map((field) => [field.split(": ")[0]!.toLowerCase(), field.split(": ")[1] ?? ""])),
        body: body.join("\r\n\r\n"),
      });
    });
    const lines = Object.entries({ Host: `localhost:${port}`, Connection: "close", ...headers });
    socket.write(`GET ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  });
}

describe("the server", () => {
  attempt("links that lead out, dot files, paths that climb", async () => {
    const targets = [
      "/link.txt",
      "/up/secret.txt",
      "/up/root-beside/secret.txt",
      "/.env",
      "/%2eenv",
      "/.git/config",
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/..%5csecret.txt",
      "/../root-beside/secret.txt",
      "/index.html%00.txt",
    ];
    for (const target of targets) {
      const { status, body } = await ask(target);
      expect([target, body.includes("secret")]).toEqual([target, false]);
      expect([400, 404], target).toContain(status);
    }
    expect((await ask("/same.js")).status).toBe(200);
    return { tries: targets.length, outcome: "none served; a link within is" };
  });

  attempt("addresses that are none", async () => {
    const targets = ["//", "//x", "///", "http://", "http://[", "/%", "/%ff", "*", "?", "//localhost//", "/a\\b"];
    for (const target of targets) {
      const { status } = await ask(target);
      expect([target, status >= 400 && status < 500]).toEqual([target, true]);
    }
    expect((await ask(`http://localhost:${port}/index.html`)).status).toBe(200);
    return { tries: targets.length, outcome: "refused, never a fault of the server's" };
  });

  attempt("names of other sites (DNS rebinding)", async () => {
    const hosts = [
      "attacker.invalid",
      `attacker.invalid:${port}`,
      "localhost.attacker.invalid",
      "127.0.0.1.nip.invalid",
      "",
    ];
    for (const host of hosts) {
      const { status, body } = await ask("/", { Host: host });
      expect([host, status >= 400, body.includes("home")]).toEqual([host, true, false]);
    }
    for (const host of ["localhost", `127.0.0.1:${port}`, `[::1]:${port}`, "app.localhost", "LOCALHOST"]) {
      expect([host, (await ask("/", { Host: host })).status]).toEqual([host, 200]);
    }
    return { tries: hosts.length, outcome: "refused" };
  });

  attempt("encodings that are refused, tags that are weak or any", async () => {
    const encodingOf = async (accepted: string) =>
      (await ask("/long.js", { "Accept-Encoding": accepted })).headers.get("content-encoding") ?? "none";
    expect(await encodingOf("br, gzip")).toBe("br");
    expect(await encodingOf("br;q=0, gzip")).toBe("gzip");
    expect(await encodingOf("br; q=0.000, gzip;q=0")).toBe("none");
    expect(await encodingOf("*;q=0")).toBe("none");
    expect(await encodingOf("*")).toBe("br");
    expect(await encodingOf("brotli, xgzip")).toBe("none");
    const tag = (await ask("/long.js")).headers.get("etag")!;
    for (const known of [tag, `W/${tag}`, "*", `"other", W/${tag}`]) {
      expect([known, (await ask("/long.js", { "If-None-Match": known })).status]).toEqual([known, 304]);
    }
    expect((await ask("/long.js", { "If-None-Match": '"other"' })).status).toBe(200);
    // Parts of a file must be of the very same bytes.
    expect((await ask("/long.js", { Range: "bytes=0-1", "If-Range": tag })).status).toBe(206);
    expect((await ask("/long.js", { Range: "bytes=0-1", "If-Range": `W/${tag}` })).status).toBe(200);
    return { tries: 13, outcome: "as HTTP has it" };
  });
});
