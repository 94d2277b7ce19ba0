import { MoonpoolError, type HotloadUi } from "../../protocol/main.ts";
import { nearest } from "../viewdefs/suggest.ts";
import { ignorePattern } from "./ignore-pattern.ts";

/** How changes of the site's files get into running sessions, and what their pages show of it. */
export interface HotloadOptions {
  /** Default: in development mode. Outside it files are watched and sessions reloaded, but pages are told nothing. */
  enabled?: boolean;
  /** Show a short notice for each reload. Default: true. */
  toasts?: boolean;
  /** Show the state of the connection. Default: true. */
  indicator?: boolean;
  /** Ctrl+Shift+R, H and T: connect again, statistics, notices on and off. Default: true. */
  shortcuts?: boolean;
  /** What a page keeps when it, or a view of it, is loaded anew. Default: all of it. */
  preserve?: { form?: boolean; scroll?: boolean; focus?: boolean };
  /**
   * URL that opens a place in the author's editor, with {file} (absolute), {line} and {column} where they belong. Default:
   * "vscode://file/{file}:{line}". false: no links.
   */
  editor?: string | false;
  /** Files and folders that are not watched: names ("*.tmp"), or with a slash paths in the site ("html/build"). */
  ignore?: string[];
  /** Look for changes every so many ms, where the system does not tell of them (network drives). Default: it tells. */
  poll?: number;
}

/** Hotload options with nothing left open. */
export interface HotloadSettings {
  ui: HotloadUi;
  editor: string | false;
  /** Patterns of names relative to the site. */
  ignored: RegExp[];
  poll: number | undefined;
}

const EDITOR = "vscode://file/{file}:{line}";

/** Checks an option `hotload` and fills in defaults; undefined: off. Throws MoonpoolError CONFIG_INVALID. */
export function hotloadOf(
  option: boolean | HotloadOptions | undefined,
  development: boolean,
): HotloadSettings | undefined {
  const given = optionsOf(option);
  const enabled = yesOrNo("enabled", given.enabled, development);
  const preserve = given.preserve ?? {};
  checkNames("hotload.preserve", preserve, ["form", "scroll", "focus"]);
  const settings: HotloadSettings = {
    ui: {
      toasts: yesOrNo("toasts", given.toasts, true),
      indicator: yesOrNo("indicator", given.indicator, true),
      shortcuts: yesOrNo("shortcuts", given.shortcuts, true),
      preserve: {
        form: yesOrNo("preserve.form", preserve.form, true),
        scroll: yesOrNo("preserve.scroll", preserve.scroll, true),
        focus: yesOrNo("preserve.focus", preserve.focus, true),
      },
    },
    editor: editorOf(given.editor ?? EDITOR),
    ignored: ignoredOf(given.ignore ?? []),
    poll: pollOf(given.poll),
  };
  return enabled ? settings : undefined;
}

function optionsOf(option: boolean | HotloadOptions | undefined): HotloadOptions {
  if (option === undefined) return {};
  if (typeof option === "boolean") return { enabled: option };
  if (typeof option !== "object" || option === null) throw wrong("hotload", "true, false or an object");
  const names = ["enabled", "toasts", "indicator", "shortcuts", "preserve", "editor", "ignore", "poll"];
  checkNames("hotload", option, names);
  return option;
}

function checkNames(option: string, given: object, known: string[]): void {
  if (typeof given !== "object" || given === null) throw wrong(option, "an object");
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const advice = near === undefined ? `it has ${known.join(", ")}` : `did you mean ${near}?`;
    throw new MoonpoolError("CONFIG_INVALID", `Option \`${option}\` has no \`${name}\`; ${advice}`);
  }
}

function yesOrNo(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== "boolean") throw wrong(`hotload.${name}`, "true or false");
  return value;
}

/** Links of this form stand in pages, so they must not be scripts. */
function editorOf(editor: unknown): string | false {
  if (editor === false) return editor;
  const scheme = typeof editor === "string" ? /^([a-z][a-z0-9+.-]*):/i.exec(editor)?.[1]?.toLowerCase() : undefined;
  const isScript = scheme === "javascript" || scheme === "data" || scheme === "vbscript";
  if (typeof editor !== "string" || scheme === undefined || isScript || !editor.includes("{file}"))
    throw wrong("hotload.editor", `a URL with {file} in it, such as ${EDITOR}, or false`);
  return editor;
}

function ignoredOf(ignore: unknown): RegExp[] {
  if (Array.isArray(ignore) && ignore.every((pattern) => typeof pattern === "string" && pattern !== ""))
    return (ignore as string[]).map(ignorePattern);
  throw wrong("hotload.ignore", "an array of names and paths");
}

function pollOf(poll: unknown): number | undefined {
  if (poll === undefined || (typeof poll === "number" && poll >= 1)) return poll;
  throw wrong("hotload.poll", "milliseconds, 1 or more");
}

function wrong(name: string, expected: string): MoonpoolError {
  return new MoonpoolError("CONFIG_INVALID", `Option \`${name}\` must be ${expected}.`);
}
