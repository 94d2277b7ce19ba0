import fs from "node:fs";
import path from "node:path";
import { Mirror } from "./mirror.ts";
import type { RealHost } from "./real-host.ts";
import type { WireError } from "../../src/protocol/main.ts";

/** When an error is to show: as the file is run, at once or later, after the action `go()`, after `text` was written. */
type Moment = "open" | "shown" | "later" | "go" | "write";

/**
 * A program of test/fixtures/hostile. Its first line says what it does, the next ones what is to come of it:
 *
 *     -- go: LIMIT_TIME|LIMIT_MEMORY      one of these codes (`fine`: none), see Moment
 *     -- needs: watchdog                  only whoever ends its thread can stop it, and then nobody knows where it was
 *
 * `--!` marks the line at which the error is to be.
 */
export interface Program {
  name: string;
  what: string;
  expected: { moment: Moment; codes: string[] }[];
  needsWatchdog: boolean;
  file: string;
  line: number | undefined;
  source: string;
}

const folder = path.resolve(import.meta.dirname, "../../../test/fixtures/hostile");

/** All programs there are, by name. */
export function readPrograms(): Program[] {
  const files = fs.readdirSync(folder).filter((file) => file.endsWith(".lua"));
  return files.sort().map((file) => {
    const source = fs.readFileSync(path.join(folder, file), "utf8");
    const lines = source.split("\n");
    const expected = Array.from(source.matchAll(/^-- (open|shown|later|go|write): (\S+)$/gm), ([, moment, codes]) => ({
      moment: moment as Moment,
      codes: (codes ?? "").split("|"),
    }));
    const line = lines.findIndex((text) => text.endsWith("--!")) + 1;
    return {
      name: file.slice(0, -".lua".length),
      what: (lines[0] ?? "").replace(/^-- /, ""),
      expected,
      needsWatchdog: source.includes("\n-- needs: watchdog\n"),
      file: `lua/hostile/${file}`,
      line: line === 0 ? undefined : line,
      source,
    };
  });
}

/** Slots of both views, then of those of the launcher and of the program. */
const slot = { count: 0, press: 1, program: 2, open: 3, go: 2, shown: 3, text: 8 };

/** A site whose app runs a program in its own place. */
export function hostileSite(programs: Program[]): Record<string, string> {
  const files: Record<string, string> = {
    "lua/main.lua": `
require("base")
local Launcher = session:prototype("Launcher", { program = "" }, session:prototype("Base"))
function Launcher:open() require("hostile." .. self.program) end
session:createAppVariable(Launcher:new())
`,
    "lua/base.lua": `
local Base = session:prototype("Base", { count = 0 })
function Base:press() self.count = self.count + 1 end
function Base:go() end
function Base:shown() return "" end
return Base
`,
    "viewdefs/Launcher.DEFAULT.html": `<template><main><b ui-value="count"></b><i ui-action="press()"></i>
<input ui-value="program"><i ui-action="open()"></i></main></template>`,
    "viewdefs/App.DEFAULT.html": `<template><main><b ui-value="count"></b><i ui-action="press()"></i>
<i ui-action="go()"></i><b ui-value="shown()"></b><b ui-value="field"></b><b ui-view="view"></b>
<b ui-viewlist="list"></b><b ui-view="wrapped?wrapper=Wrap"></b><input ui-value="text"></main></template>`,
    "viewdefs/Inner.DEFAULT.html": `<template><b ui-view="made?create=Made"></b></template>`,
    "viewdefs/Row.DEFAULT.html": `<template><b ui-value="name()"></b></template>`,
  };
  for (const { name, source } of programs) files[`lua/hostile/${name}.lua`] = source;
  return files;
}

/** A session of the hostile site, and what its page has been told is wrong. */
export class HostileSession {
  readonly mirror: Mirror;

  static async open(host: RealHost): Promise<HostileSession> {
    const browser = host.browser();
    return new HostileSession(await Mirror.of(await browser.connect(await browser.start())));
  }

  private constructor(mirror: Mirror) {
    this.mirror = mirror;
  }

  /** What is wrong now: errors of variables, and of none. */
  get problems(): WireError[] {
    return [...this.mirror.faults, ...this.mirror.errors.values()];
  }

  /** Counts one further; returns when the page shows it. */
  async press(): Promise<void> {
    const { mirror } = this;
    mirror.write(mirror.slot(slot.press));
    const counted = (): number => Number(mirror.values.get(mirror.slot(slot.count)) ?? 0);
    const before = counted();
    await mirror.until(() => counted() > before);
  }

  get count(): unknown {
    return this.mirror.values.get(this.mirror.slot(slot.count));
  }

  /** Runs a program to its end, whatever that is. Returns what is wrong by then, moment by moment. */
  async run(program: Program): Promise<{ moment: Moment; codes: string[]; found: WireError | undefined }[]> {
    const { mirror } = this;
    mirror.tab.send([
      { type: "update", id: mirror.slot(slot.program), value: program.name },
      { type: "update", id: mirror.slot(slot.open), value: null },
    ]);
    const isOpen = program.expected[0]?.moment !== "open";
    if (isOpen) await mirror.until(() => mirror.viewdefs.has("App.DEFAULT"));
    const found = [];
    const later = program.expected.flatMap(({ codes }) => codes);
    for (const { moment, codes } of program.expected) {
      mirror.faults.length = 0;
      if (moment === "go") mirror.write(mirror.slot(slot.go));
      if (moment === "write") mirror.write(mirror.slot(slot.text), "written");
      const isWanted = ({ code }: WireError): boolean => codes.includes(code);
      if (codes.includes("fine")) await this.press();
      else await mirror.until(() => this.problems.some(isWanted));
      const unwanted = this.problems.find(({ code }) => !later.includes(code));
      found.push({ moment, codes, found: this.problems.find(isWanted) ?? unwanted });
    }
    return found;
  }
}
