// The service worker. It gives each page the files of that page's own version, takes in what other apps share, and fetches
// a new version whole (the app, and the model that belongs to it) before anyone is offered it.
//
// Three rules keep versions apart: a version only counts when every file of it is here and has its hash; an address has one
// content for ever, so any version's cache may answer for it; the one address without a hash, the page itself, is always
// answered by the version in charge. A version goes when no open page belongs to it any more.
import { ask, type CheckAnswer, type KnownAnswer, type PageMessage, type ScriptAnswer } from "./messages.js";
import { receiveShare } from "./share-inbox.js";
import { versionedFiles } from "./versioned-files.js";
import { AppFiles } from "./worker/app-files.js";
import { dropReleases, fetchModel, isModelWhole, type ModelPlace } from "./worker/model-files.js";
import type { WorkerScope } from "./worker/scope.js";

declare const self: WorkerScope;

const { scope } = self.registration;
const SHARE = new URL("share", scope).href;
const PAGES = [scope, new URL("index.html", scope).href];
const MODELS = new URL("models/", scope).href;
/** A page that does not answer in time may be frozen; its version is then kept. */
const PATIENCE_MS = 3000;

const { model: folder, release } = versionedFiles;
/** The build lists the web manifest a second time, without its hash. */
const files = self.__WB_MANIFEST.filter(({ integrity }) => integrity);
const app = new AppFiles(files, scope, release);
const model: ModelPlace | null = release === null ? null : { folder: new URL(folder, scope).href, release };

async function install(): Promise<void> {
  await app.fetchAll();
  // On the first visit the page itself is loading the model just now. An update has no such page: it brings its model
  // along, so that whoever accepts it can go offline the next moment.
  if (model && self.registration.active) await fetchModel(model);
  await app.complete();
}

/** The scripts of all open pages, or null when one of them keeps silent. */
async function scriptsInUse(): Promise<string[] | null> {
  const pages = (await self.clients.matchAll({ type: "window", includeUncontrolled: true })).filter(({ url }) =>
    url.startsWith(scope),
  );
  const answers = await Promise.all(
    pages.map((page) => ask<ScriptAnswer>(page, { kind: "which-script" }, PATIENCE_MS)),
  );
  return answers.every((answer) => answer !== null) ? answers.map(({ script }) => script) : null;
}

/** `isNew`: this version has just taken over, so whatever is only partly there was older. */
async function tidy(isNew = false): Promise<void> {
  // Another version is on its way in: what it has fetched so far looks like nobody's.
  if (self.registration.installing || self.registration.waiting) return;
  const scripts = await scriptsInUse();
  if (scripts === null) return;
  await dropReleases(await app.dropOthers(scripts, isNew));
}

async function check(): Promise<CheckAnswer> {
  const { missing, bytes } = await app.inspect();
  const manifest = model ? await caches.match(`${model.folder}manifest.json`) : undefined;
  const whole = model ? await isModelWhole(model, manifest) : false;
  return { missing, files: app.count, bytes, model: model ? (whole ? "whole" : "incomplete") : "none" };
}

async function hear(message: PageMessage, port: MessagePort | undefined): Promise<void> {
  if (message.kind === "take-over") await self.skipWaiting();
  else if (message.kind === "tidy") await tidy();
  else if (message.kind === "check") port?.postMessage(await check());
  else if (message.kind === "knows") port?.postMessage({ known: app.knows(message.script) } satisfies KnownAnswer);
}

self.addEventListener("install", (event) => event.waitUntil(install()));

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim().then(() => tidy(true)));
});

self.addEventListener("message", (event) => {
  const message = event.data as PageMessage | null;
  if (message && typeof message.kind === "string") event.waitUntil(hear(message, event.ports[0]));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  address.hash = "";
  const plain = address.origin + address.pathname;
  if (!plain.startsWith(scope)) return;
  if (plain === SHARE) {
    event.respondWith(
      request.method === "POST" ? receiveShare(request, scope) : Promise.resolve(Response.redirect(scope, 303)),
    );
  } else if (request.method !== "GET") {
    return;
  } else if (request.mode === "navigate") {
    if (PAGES.includes(plain)) event.respondWith(app.page().then((page) => page ?? fetch(request)));
  } else if (!plain.startsWith(MODELS) || plain.endsWith("/manifest.json")) {
    event.respondWith(app.find(request).then((found) => found ?? fetch(request)));
  }
});
