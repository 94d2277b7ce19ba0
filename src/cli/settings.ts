import fs from "node:fs";
import path from "node:path";
import { cosmiconfig } from "cosmiconfig";
import { nearest } from "../host/viewdefs/suggest.ts";
import { MoonpoolError } from "../protocol/main.ts";
import { options, type Given, type Option, type OptionKey } from "./options.ts";
import { Misread } from "./readers.ts";

/** Where settings come from. */
export interface Sources {
  /** Flags of the command line, by key: texts, arrays of texts, true for a flag without a value. */
  flags: Readonly<Record<string, unknown>>;
  env: Readonly<Record<string, string | undefined>>;
  /** Working folder: paths in flags and in the environment are relative to it. */
  folder: string;
  /** The file of `--config`, if it was given. */
  configFile?: string;
}

/** The settings of a host, and what they were made from. */
export interface Settings {
  given: Given;
  /** The site's folder, absolute. */
  dir: string;
  /** The config file that was read. */
  configFile?: string;
  /** Variables of the environment that look like ours and are not. */
  warnings: string[];
}

interface ConfigFile {
  path: string;
  values: Record<string, unknown>;
}

const KEYS = Object.keys(options) as OptionKey[];
/** Set by us or by npm scripts, but no options. */
const OTHER_VARIABLES = new Set(["MOONPOOL_CONFIG"]);
const PLACES = [
  "moonpool.config.json",
  "moonpool.config.yaml",
  "moonpool.config.yml",
  "moonpool.config.js",
  "moonpool.config.mjs",
  "moonpool.config.cjs",
  ".moonpoolrc",
  ".moonpoolrc.json",
  ".moonpoolrc.yaml",
  ".moonpoolrc.yml",
  "package.json",
];

/**
 * Gathers settings: flags win over the environment, that over the config file; what none of them gives is left to the
 * defaults. The config file is `--config`, `MOONPOOL_CONFIG`, or the first of the usual names in the site's folder;
 * paths in it are relative to it.
 * @throws MoonpoolError CONFIG_INVALID naming the source and the key
 */
export async function readSettings(sources: Sources): Promise<Settings> {
  const given: Partial<Record<OptionKey, unknown>> = {};
  const configured = sources.configFile ?? presence(sources.env["MOONPOOL_CONFIG"]);
  const flagged = sources.flags["dir"];
  const site = typeof flagged === "string" ? flagged : (presence(sources.env[options.dir.env]) ?? ".");
  const config = configured
    ? await loadConfig(path.resolve(sources.folder, configured))
    : await findConfig(path.resolve(sources.folder, site));
  checkKeys(config);
  for (const key of KEYS) {
    const option: Option<unknown> = options[key];
    const variable = presence(sources.env[option.env]);
    const flag = sources.flags[key];
    if (flag !== undefined) given[key] = read(option, flag, sources.folder, option.flag.replace(/^-\w, | .*$/g, ""));
    else if (variable !== undefined) given[key] = read(option, variable, sources.folder, option.env);
    else if (config && Object.hasOwn(config.values, key))
      given[key] = read(option, config.values[key], path.dirname(config.path), `${key} in ${config.path}`);
  }
  const settings = given as Given;
  return {
    given: settings,
    dir: settings.dir ?? path.resolve(sources.folder),
    ...(config && { configFile: config.path }),
    warnings: unknownVariables(sources.env),
  };
}

function read(option: Option<unknown>, input: unknown, folder: string, source: string): unknown {
  try {
    return option.read(input, folder);
  } catch (error) {
    if (!(error instanceof Misread)) throw error;
    const shown = option === options.secret ? "the value" : JSON.stringify(input);
    throw new MoonpoolError("CONFIG_INVALID", `${source}: ${shown} is not ${error.message}.`);
  }
}

async function loadConfig(file: string): Promise<ConfigFile> {
  if (!fs.existsSync(file)) throw new MoonpoolError("CONFIG_INVALID", `There is no config file ${file}.`);
  return asConfig(file, await inFile(file, () => explorer().load(file)));
}

/** Looks in `folder` only: a config file further up belongs to something else. */
async function findConfig(folder: string): Promise<ConfigFile | undefined> {
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const found = await inFile(folder, () => explorer().search(folder));
  return found ? asConfig(found.filepath, found) : undefined;
}

function explorer() {
  return cosmiconfig("moonpool", { searchPlaces: PLACES, searchStrategy: "none" });
}

/** Gives the loader's error the name of the file. */
async function inFile<Result>(file: string, load: () => Promise<Result>): Promise<Result> {
  try {
    return await load();
  } catch (error) {
    const named = error instanceof Error && "filepath" in error ? String(error.filepath) : file;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MoonpoolError("CONFIG_INVALID", `${named} cannot be read: ${reason}`, {}, error);
  }
}

function asConfig(file: string, found: { config: unknown; isEmpty?: boolean } | null): ConfigFile {
  const values = found?.isEmpty ? {} : found?.config;
  if (typeof values !== "object" || values === null || Array.isArray(values))
    throw new MoonpoolError("CONFIG_INVALID", `${file} does not hold an object of settings.`);
  return { path: file, values: values as Record<string, unknown> };
}

function checkKeys(config: ConfigFile | undefined): void {
  for (const key of Object.keys(config?.values ?? {})) {
    if (key === "$schema" || Object.hasOwn(options, key)) continue;
    const near = nearest(key, KEYS);
    const advice = near ? `; did you mean ${near}?` : `; the keys are ${KEYS.join(", ")}.`;
    throw new MoonpoolError("CONFIG_INVALID", `${key} in ${config?.path} is not a setting${advice}`);
  }
}

function unknownVariables(env: Sources["env"]): string[] {
  const known = new Set([...OTHER_VARIABLES, ...Object.values(options).map((option) => option.env)]);
  return Object.keys(env)
    .filter((name) => name.startsWith("MOONPOOL_") && !known.has(name))
    .map((name) => {
      const near = nearest(name, known);
      return `The variable ${name} is not a setting${near ? `; did you mean ${near}?` : "."}`;
    });
}

/** An empty variable counts as one that is not set: that is how shells and compose files leave something out. */
function presence(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
