import type { WireError } from "../protocol/error-code.ts";
import {
  PROTOCOL_VERSION,
  type Notify,
  type Reload,
  type ServerFrame,
  type ServerMessage,
  type Welcome,
} from "../protocol/message.ts";
import type { Model } from "./model.ts";
import type { ViewdefStore } from "./viewdef-store.ts";

/** Kinds of bindings of which a part is loaded when they are first needed. */
const LOADED_KINDS = ["html", "error", "window"] as const;
export type LoadedKind = (typeof LOADED_KINDS)[number];

export interface FrameReaderParts {
  readonly model: Model;
  readonly viewdefs: ViewdefStore;
  /** Loads what bindings of this kind need before they can be shown. */
  prepare(kind: LoadedKind): Promise<void>;
  /** Loads what a page needs whose site's files are watched. */
  prepareHotload(): Promise<void>;
  welcome(message: Welcome): void;
  fault(error: WireError): void;
  reload(message: Reload): void;
  /** Everything comes once more, and the page may be shown anew. */
  refresh(): void;
  notify(message: Notify): void;
  /** A frame could not be applied. */
  failed(error: unknown): void;
  /** Frame `seq` is in the page; our frames up to `seen` were carried out before it was made. */
  applied(seq: number, seen: number): void;
}

/**
 * Takes frames one after the other. Each is stored as a whole before anything is shown; one that needs a part of the
 * client that is not loaded yet waits for it, and those behind it too, so that a view is never seen half done.
 */
export class FrameReader {
  readonly #parts: FrameReaderParts;
  #frames: ServerFrame[] = [];
  #reading = false;
  readonly #ready = new Set<LoadedKind>();
  #hotloadReady = false;

  constructor(parts: FrameReaderParts) {
    this.#parts = parts;
  }

  take(frame: ServerFrame): void {
    this.#frames.push(frame);
    if (!this.#reading) void this.#read();
  }

  /** Drops what is left of the connection before. */
  clear(): void {
    this.#frames = [];
  }

  async #read(): Promise<void> {
    this.#reading = true;
    for (let frame = this.#frames[0]; frame; frame = this.#frames[0]) {
      const missing = this.#load(frame.messages);
      if (missing) {
        await missing;
        continue;
      }
      this.#frames.shift();
      this.#apply(frame);
    }
    this.#reading = false;
  }

  /** Loads a part that `messages` need, if one is missing. */
  #load(messages: ServerMessage[]): Promise<void> | undefined {
    const kind = LOADED_KINDS.find((kind) => !this.#ready.has(kind) && messages.some((one) => brings(one, kind)));
    if (kind) return this.#parts.prepare(kind).then(() => void this.#ready.add(kind));
    const ui = messages.find((message) => message.type === "welcome")?.hotload;
    if (!this.#hotloadReady && ui) return this.#parts.prepareHotload().then(() => void (this.#hotloadReady = true));
    return undefined;
  }

  #apply(frame: ServerFrame): void {
    const seen = frame.applied ?? frame.ack;
    try {
      for (const message of frame.messages) this.#store(message, seen);
      this.#parts.model.notify();
    } catch (error) {
      this.#parts.failed(error);
    }
    this.#parts.applied(frame.seq, seen);
  }

  #store(message: ServerMessage, seen: number): void {
    const { model, viewdefs } = this.#parts;
    switch (message.type) {
      case "welcome":
        if (message.protocol !== PROTOCOL_VERSION) console.warn(`moonpool: the host speaks ${message.protocol}`);
        return this.#parts.welcome(message);
      case "refresh":
        return this.#parts.refresh();
      case "update": {
        const { viewdefs: received, ...properties } = message.properties ?? {};
        for (const [key, viewdef] of Object.entries(received ?? {})) viewdefs.set(key, viewdef);
        return model.update(message, properties, seen);
      }
      case "view":
        return model.view(message, seen);
      case "list":
        return model.list(message);
      case "error":
        return this.#parts.fault(message);
      case "reload":
        return this.#parts.reload(message);
      case "notify":
        return this.#parts.notify(message);
    }
  }
}

function brings(message: ServerMessage, part: LoadedKind): boolean {
  return (
    message.type === "update" &&
    Object.values(message.properties?.viewdefs ?? {}).some(({ bindings }) =>
      bindings.some(({ kind, window }) => kind === part || (window && part === "window")),
    )
  );
}
