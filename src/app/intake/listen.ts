// Hears drops and pastes anywhere on the page, and files that the system opens with the installed app.
import { toMnerError } from "../../core/mner-error.js";
import { type Incoming, sortFiles } from "./incoming.js";
import { isAddress, readTransfer } from "./read-transfer.js";
import { looksLikeTweet } from "./tweet-html.js";

export interface IntakeListener {
  /** `into`: the text field the caret stands in, when there is one. */
  received(incoming: Incoming, into: HTMLTextAreaElement | null): void;
  failed(error: Error): void;
  /** Something that could be dropped hovers over the page. */
  hovering(over: boolean): void;
}

interface LaunchQueue {
  setConsumer(consumer: (params: { readonly files: readonly FileSystemFileHandle[] }) => void): void;
}

declare global {
  interface Window {
    readonly launchQueue?: LaunchQueue;
  }
}

function isField(element: EventTarget | undefined): element is HTMLTextAreaElement | HTMLInputElement {
  return element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && element.type === "text");
}

const isUsable = (transfer: DataTransfer | null): transfer is DataTransfer =>
  transfer?.types.some((type) => type === "Files" || type === "text/plain" || type === "text/html") ?? false;

/** Starts listening; returns the way to stop. */
export function listenForIntake(listener: IntakeListener): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const take = (reading: Promise<Incoming>, into: HTMLTextAreaElement | null = null): void => {
    reading.then(
      (incoming) => listener.received(incoming, into),
      (error: unknown) =>
        listener.failed(
          toMnerError(error, "input-unreadable", "What was given could not be read. Try to pick the file instead."),
        ),
    );
  };

  // The page hears an enter for every element passed over; only the last leave ends the hovering.
  let depth = 0;
  const settle = (): void => {
    depth = 0;
    listener.hovering(false);
  };
  document.addEventListener(
    "dragenter",
    (event) => {
      if (!isUsable(event.dataTransfer)) return;
      depth++;
      listener.hovering(true);
    },
    { signal },
  );
  document.addEventListener("dragleave", () => --depth <= 0 && settle(), { signal });
  document.addEventListener("dragover", (event) => isUsable(event.dataTransfer) && event.preventDefault(), { signal });
  document.addEventListener(
    "drop",
    (event) => {
      settle();
      if (!isUsable(event.dataTransfer)) return;
      event.preventDefault();
      take(readTransfer(event.dataTransfer));
    },
    { signal },
  );

  document.addEventListener(
    "paste",
    (event) => {
      const data = event.clipboardData;
      if (!data) return;
      const field = event.composedPath()[0];
      const plain = data.getData("text/plain");
      const isTweet = looksLikeTweet(data.getData("text/html")) || looksLikeTweet(plain);
      // Office programs add a picture of what was copied as text: into a field, text is meant.
      const wantsPhoto = data.files.length > 0 && (plain === "" || !isField(field));
      const isOwn = isTweet || isAddress(plain);
      if (!wantsPhoto && isField(field) && !(isOwn && field instanceof HTMLTextAreaElement)) return;
      if (!isUsable(data)) return;
      event.preventDefault();
      take(readTransfer(data), field instanceof HTMLTextAreaElement ? field : null);
    },
    { signal },
  );

  window.launchQueue?.setConsumer(({ files }) => {
    if (files.length > 0) take(Promise.all(files.map((handle) => handle.getFile())).then(sortFiles));
  });
  return () => stop.abort();
}
