import fs from "node:fs";
import path from "node:path";
import { MoonpoolError } from "../../protocol/error-code.ts";
import type { LuaCheck, LuaProblem } from "../../protocol/lua-check.ts";
import { functionsOf } from "../lua-code/functions.ts";
import { parseDump } from "../lua-code/lua-dump.ts";
import type { LuaTranslator } from "../lua-code/translator.ts";
import { SiteModules, withoutPrologue } from "../site-modules.ts";
import { unguardedApps } from "./app.ts";
import { capturedValues } from "./captured.ts";
import { undeclaredGlobals } from "./globals.ts";
import type { Lint, LintedSite } from "./lint.ts";
import { LintedFile } from "./linted-file.ts";
import { cyclicRequires, missingModules, unusedFiles } from "./modules.ts";

const lints: Lint[] = [missingModules, cyclicRequires, unusedFiles, undeclaredGlobals, unguardedApps, capturedValues];

/**
 * Compiles the Lua files of a site and looks for what works, but probably not as meant. Runs none of them.
 * @param globals names of the globals that Moonpool has
 */
export function lintSite(
  { site, files }: LuaCheck,
  { translator, globals }: { translator: LuaTranslator; globals: ReadonlySet<string> },
): LuaProblem[] {
  const problems: LuaProblem[] = [];
  const byKey = new Map<string, LintedFile>();
  const realSite = fs.realpathSync(site);
  for (const { file, path: place } of files) {
    try {
      const key = path.relative(realSite, fs.realpathSync(place)).split(path.sep).join("/");
      // A file that is reached under two names is one file.
      if (!byKey.has(key)) byKey.set(key, compile(file, key, fs.readFileSync(place, "utf8"), translator));
    } catch (error) {
      problems.push(unusable(file, error));
    }
  }
  const modules = new SiteModules(site);
  const read = (module: string): string | MoonpoolError => {
    try {
      return modules.read(module).key;
    } catch (error) {
      if (error instanceof MoonpoolError) return error;
      throw error;
    }
  };
  const linted: LintedSite = {
    files: [...byKey.values()],
    complete: problems.length === 0,
    globals,
    find(module) {
      const key = read(module);
      return typeof key === "string" ? byKey.get(key) : undefined;
    },
    whyMissing(module) {
      const key = read(module);
      return typeof key === "string" ? undefined : key;
    },
  };
  return [...problems, ...lints.flatMap((lint) => lint(linted))];
}

/** Throws MoonpoolError LUA_SYNTAX, whose message begins with `:LINE: `. */
function compile(file: string, key: string, text: string, translator: LuaTranslator): LintedFile {
  const source = withoutPrologue(text);
  // Lua takes a text that begins so for compiled code, which no session may load.
  if (source.startsWith("\x1b")) {
    throw new MoonpoolError("LUA_SYNTAX", ":1: this is compiled Lua; only source text is loaded");
  }
  const [main, ...rest] = functionsOf(parseDump(translator.translate("@", source)));
  if (!main) throw new MoonpoolError("INTERNAL", `${file} was compiled to nothing.`);
  return new LintedFile(file, key, [main, ...rest]);
}

/** Takes `:3: '=' expected near 'x'` apart. */
function unusable(file: string, error: unknown): LuaProblem {
  const text = error instanceof Error ? error.message : String(error);
  const [, line = "1", message = text] = /^:(\d+): ([^]*)$/.exec(text) ?? [];
  const near = / near '([^]*)'$/.exec(message)?.[1];
  const place = { file, line: Number(line), message, ...(near !== undefined && { near }) };
  return { code: error instanceof MoonpoolError ? error.code : "LUA_SYNTAX", severity: "error", ...place };
}
