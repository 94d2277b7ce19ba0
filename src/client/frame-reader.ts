import type { WireError } from "../protocol/error-code.ts";
import {
  PROTOCOL_VERSION,
  type Notify,
  type Reload,
  type ServerFrame,
  type ServerMessage,
  type Welcome,
} from "../protocol/message.ts";
import type { Binding } from "../protocol/viewdef.ts";
import type { Model } from "./model.ts";
import type { ViewdefStore } from "./viewdef-store.ts";

export interface FrameReaderParts {
  readonly model: Model;
  readonly viewdefs: ViewdefStore;
  /** Loads what HTML from the host needs before it can be shown. */
  prepareHtml(): Promise<void>;
  /** Loads what lists need that show a part of their array. */
  prepareWindows(): Promise<void>;
  /** Loads what a page needs whose site's files are watched. */
  prepareHotload(): Promise<void>;
  welcome(message: Welcome): void;
  fault(error: WireError): void;
  reload(message: Reload): void;
  notify(message: Notify): void;
  /** A frame could not be applied. */
  failed(error: unknown): void;
  /** Frame `seq` is in the page. */
  applied(seq: number): void;
}

/**
 * Takes frames one after the other. Each is stored as a whole before anything is shown; one that needs a part of the
 * client that is not loaded yet waits for it, and those behind it too, so that a view is never seen half done.
 */
export class FrameReader {
  readonly #parts: FrameReaderParts;
  #frames: ServerFrame[] = [];
  #reading = false;
  #htmlReady = false;
  #windowsReady = false;
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
    const bindings = messages.flatMap(bindingsOf);
    if (!this.#htmlReady && bindings.some(({ kind }) => kind === "html"))
      return this.#parts.prepareHtml().then(() => void (this.#htmlReady = true));
    if (!this.#windowsReady && bindings.some(({ window }) => window))
      return this.#parts.prepareWindows().then(() => void (this.#windowsReady = true));
    const ui = messages.find((message) => message.type === "welcome")?.hotload;
    if (!this.#hotloadReady && ui) return this.#parts.prepareHotload().then(() => void (this.#hotloadReady = true));
    return undefined;
  }

  #apply(frame: ServerFrame): void {
    try {
      for (const message of frame.messages) this.#store(message, frame.applied ?? frame.ack);
      this.#parts.model.notify();
    } catch (error) {
      this.#parts.failed(error);
    }
    this.#parts.applied(frame.seq);
  }

  #store(message: ServerMessage, seen: number): void {
    const { model, viewdefs } = this.#parts;
    switch (message.type) {
      case "welcome":
        if (message.protocol !== PROTOCOL_VERSION) console.warn(`moonpool: the host speaks ${message.protocol}`);
        return this.#parts.welcome(message);
      case "refresh":
        return model.refresh();
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

/** All bindings of the viewdefs that a message brings. */
function bindingsOf(message: ServerMessage): Binding[] {
  if (message.type !== "update") return [];
  return Object.values(message.properties?.viewdefs ?? {}).flatMap(({ bindings }) => bindings);
}
