#!/usr/bin/env node
import fs from "node:fs";
import path from "node:path";
import { Command, Option as Flag } from "commander";
import { errors, MoonpoolError } from "../protocol/main.ts";
import { check } from "./check.ts";
import { init } from "./init.ts";
import { addLoadCommand } from "./load/load-command.ts";
import { options, type Option } from "./options.ts";
import { addSessionCommands } from "./session-command.ts";
import { readSettings, type Settings } from "./settings.ts";

/** Two folders above dist/src/cli. */
const { version } = JSON.parse(fs.readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("moonpool")
  .description("Server-driven user interfaces in Lua and HTML.")
  .version(version, "-V, --version", "print the version")
  .helpOption("-h, --help", "print this")
  .configureHelp({ helpWidth: 120 })
  .showHelpAfterError("(moonpool --help lists commands and options)");

const serveCommand = program
  .command("serve")
  .description("serve a site until SIGINT or SIGTERM; the address is printed, the log goes to standard error")
  .addOption(configFlag())
  .addHelpText(
    "after",
    `
Flags win over the environment, that over the config file, that over the defaults. The config file is the first of
moonpool.config.json, .yaml, .js, .moonpoolrc and "moonpool" in package.json in the site's folder; paths in it are
relative to it. Its keys: ${keyLines()}.`,
  )
  .action(async (flags: Record<string, unknown>) => {
    const settings = await settingsFrom(flags);
    // Only this command needs the host, which takes most of the time of a start.
    const { serve } = await import("./serve.ts");
    await serve(settings);
  });
for (const [key, option] of Object.entries<Option<unknown>>(options)) addFlags(serveCommand, key, option);

program
  .command("init")
  .description("make a small site to begin with")
  .argument("[folder]", "where; it must be empty or not exist yet", ".")
  .option("--force", "also into a folder that is not empty; files of the same names are overwritten")
  .action((folder: string, flags: { force?: true }) => {
    const files = init(path.resolve(folder), { force: flags.force ?? false });
    console.log(
      `${files.map((file) => path.join(folder, file)).join("\n")}\n\nNow run: moonpool serve --dev --dir ${folder}`,
    );
  });

program
  .command("check")
  .description("check the viewdefs and the Lua files of a site; exits 1 if there are errors")
  .argument("[folder]", "folder of the site", ".")
  .option("--json", "print one JSON object")
  .option("--strict", "exit 1 also if there are only warnings")
  .option("--ui-code", `allow ui-code (env: ${options.uiCode.env})`)
  .addOption(configFlag())
  .action(async (folder: string, flags: { json?: true; strict?: true; uiCode?: true; config?: string }) => {
    const { json = false, strict = false, ...rest } = flags;
    const { given, dir } = await settingsFrom({ ...rest, dir: folder });
    process.exitCode = await check(dir, { uiCode: given.uiCode ?? false, json, strict });
  });

addSessionCommands(program, { version, settingsFrom });
addLoadCommand(program);

/** All keys of the config file, eight to a line. */
function keyLines(): string {
  const keys = Object.keys(options);
  return keys.map((key, index) => (index % 8 === 0 ? `\n  ${key}` : ` ${key}`)).join(",");
}

function configFlag(): Flag {
  return new Flag(
    "-c, --config <file>",
    "config file (env: MOONPOOL_CONFIG, default: looked for in the site's folder)",
  );
}

/** Commander only splits the command line; reading, precedence and defaults are ours. */
function addFlags(command: Command, key: string, option: Option<unknown>): void {
  const flag = new Flag(option.flag, `${option.text} (env: ${option.env}, default: ${option.fallback})`);
  flag.attributeName = () => key;
  if (option.form === "many")
    flag.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  if (key === "share") flag.preset("link");
  if (key === "verbose") flag.argParser((_value: string, before: number | undefined) => (before ?? 0) + 1);
  command.addOption(flag);
  if (option.form === "switch") {
    const no = new Flag(option.flag.replace(/^--/, "--no-"), `the opposite of ${option.flag}`);
    no.attributeName = () => key;
    command.addOption(no);
  }
}

function settingsFrom(flags: Record<string, unknown>): Promise<Settings> {
  const { config, ...rest } = flags;
  return readSettings({
    flags: rest,
    env: process.env,
    folder: process.cwd(),
    ...(typeof config === "string" && { configFile: config }),
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof MoonpoolError) {
    console.error(`${error.code}: ${error.message}\n${errors[error.code].advice}`);
    process.exitCode = 1;
  } else throw error;
}
