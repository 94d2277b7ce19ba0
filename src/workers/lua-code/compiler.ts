import type { LuaWasm } from "../lua-wasm.ts";
import { reloadTable } from "./reload-table.ts";
import { SourceArchive } from "./source-archive.ts";
import { jsonTable } from "./table-text.ts";
import { LuaTranslator } from "./translator.ts";
import { type LuaCode, LuaVersion, versionHash } from "./version.ts";

export type { LuaFunction, LuaVariable } from "./functions.ts";
export type { LuaCode } from "./version.ts";

const MOST_FILES = 2000;
/** Of one file. */
const MOST_VERSIONS = 33;
/** Texts that are no files. */
const MOST_TEXTS = 5000;

/** Compiles Lua files for all sessions of a thread: each version once, for as long as it is in use. */
export class LuaCompiler {
  readonly #translator: LuaTranslator;
  /** By chunk and hash; those used last come last. */
  readonly #files = new Map<string, Map<string, LuaCode>>();
  readonly #archive: SourceArchive;
  /** Those used last come last. */
  readonly #texts = new Map<string, Buffer>();
  readonly #tables = new WeakMap<LuaCode, WeakMap<LuaCode, Buffer>>();

  /** 5 ms. `sources`: a folder that keeps versions beyond this thread. Throws INTERNAL when a Lua state cannot be made. */
  static async start(wasm: LuaWasm, sources?: string): Promise<LuaCompiler> {
    return new LuaCompiler(await LuaTranslator.start(wasm), new SourceArchive(sources));
  }

  private constructor(translator: LuaTranslator, archive: SourceArchive) {
    this.#translator = translator;
    this.#archive = archive;
  }

  /**
   * 1 ms for a new file of 300 lines. `chunk` is the file's name in messages (`contacts/row.lua`). Throws LUA_SYNTAX with
   * Lua's own text ("app.lua:3: '=' expected near 'x'"), LIMIT_MEMORY.
   */
  compile(chunk: string, source: string): LuaCode {
    const hash = versionHash(chunk, source);
    const known = this.find(chunk, hash);
    if (known) return known;
    const code = new LuaVersion(this.#translator, chunk, source);
    this.#archive.add(hash, source);
    return this.#keep(code);
  }

  /**
   * A version compiled before, however many there have been since; undefined after a few thousand. All but the last 33 of a
   * file are compiled again: sessions in which a file fails, or is not to be reloaded, go on with an old one.
   */
  find(chunk: string, hash: string): LuaCode | undefined {
    const code = this.#files.get(chunk)?.get(hash);
    if (code) return this.#keep(code);
    const source = this.#archive.get(hash);
    if (source === undefined || versionHash(chunk, source) !== hash) return undefined;
    return this.#keep(new LuaVersion(this.#translator, chunk, source));
  }

  /** How functions of one version of a file correspond to those of another: see `reloadTable`. A binary chunk. */
  reloadTable(from: LuaCode, to: LuaCode): Buffer {
    let tables = this.#tables.get(to);
    if (!tables) this.#tables.set(to, (tables = new WeakMap()));
    let table = tables.get(from);
    if (!table) {
      const text = `return ${reloadTable(from.functions, to.functions)}`;
      tables.set(from, (table = this.#translator.translate("=reload", text, { strip: true })));
    }
    return table;
  }

  /** A binary chunk that returns what a JSON text says: Lua needs a tenth of the time for it. */
  data(json: string): Buffer {
    return this.#text(json, () =>
      this.#translator.translate("=moonpool/data", `return ${jsonTable(json)}`, { strip: true }),
    );
  }

  /** A binary chunk of Moonpool's own code that was made for some viewdef. `name` as for `LuaTranslator.translate`. */
  generated(name: string, text: string): Buffer {
    return this.#text(`${name}\n${text}`, () => this.#translator.translate(name, text));
  }

  #text(key: string, make: () => Buffer): Buffer {
    const code = this.#texts.get(key) ?? make();
    putLast(this.#texts, key, code, MOST_TEXTS);
    return code;
  }

  #keep(code: LuaCode): LuaCode {
    const versions = this.#files.get(code.chunk) ?? new Map<string, LuaCode>();
    putLast(versions, code.hash, code, MOST_VERSIONS);
    putLast(this.#files, code.chunk, versions, MOST_FILES);
    return code;
  }
}

/** Drops the first entry when there are too many. */
function putLast<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const first of map.keys()) return void map.delete(first);
}
