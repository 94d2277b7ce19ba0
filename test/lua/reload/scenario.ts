import t, { type Test } from "tap";
import type { WireError } from "../../../src/protocol/error-code.ts";
import type { ReloadResult } from "../../../src/protocol/outcome.ts";
import { LuaSession, type TestPage, type TestSite } from "../../support/lua-session.ts";

type Files = Record<string, string | null>;

/** What a save is expected to say; nothing: no file failed, there is nothing to note. */
interface Expected {
  notes?: object[];
  /** Places of old code that stays in use. */
  stale?: string[];
  /** Files that ran, in this order. */
  files?: string[];
}

/** A session whose files are saved, one version after the other. */
export class Scenario {
  readonly session: LuaSession;
  readonly t: Test;
  /** What is on disk. */
  readonly lua: Record<string, string>;
  /** Old code that is known to be in use. */
  #stale: string[] = [];

  constructor(t: Test, session: LuaSession, lua: Record<string, string>) {
    this.t = t;
    this.session = session;
    this.lua = { ...lua };
  }

  /** Saves files (null: deletes); asserts that it goes well and that no old code stays but what is expected. */
  save(files: Files, expected: Expected = {}): ReloadResult["report"] {
    for (const [name, source] of Object.entries(files)) {
      if (source === null) delete this.lua[name];
      else this.lua[name] = source;
    }
    const report = this.session.save({ lua: files });
    this.t.equal(report.error, undefined, `saving ${Object.keys(files).join(", ")} goes well`);
    this.t.match(report.notes, expected.notes ?? []);
    this.t.equal(report.notes.length, expected.notes?.length ?? 0, JSON.stringify(report.notes));
    if (expected.files) this.t.same(report.files, expected.files, "the files that ran");
    this.#stale = expected.stale ?? [];
    this.t.same(this.session.stale(), this.#stale, "no old code");
    return report;
  }

  /** Saves a file in which texts have been replaced, each of which it must contain. */
  edit(name: string, edits: Record<string, string>, expected?: Expected): ReloadResult["report"] {
    return this.save({ [name]: this.edited(name, edits) }, expected);
  }

  /** The text of a file with texts replaced. */
  edited(name: string, edits: Record<string, string>): string {
    let text = this.lua[name] ?? "";
    for (const [before, after] of Object.entries(edits)) {
      if (!text.includes(before)) throw new Error(`${name} does not contain ${before}`);
      text = text.replaceAll(before, after);
    }
    return text;
  }

  /** Saves files that cannot be run: asserts that the error is as expected, and returns it. */
  fail(files: Files, expected: object): WireError | undefined {
    const { error } = this.session.save({ lua: files });
    this.t.match(error, expected, "the save fails");
    return error;
  }

  /** Asserts what a Lua expression gives, as text. */
  gives(expression: string, expected: string | number | boolean): void {
    this.t.equal(this.session.evaluate(`return ${expression}`), String(expected), expression);
  }

  /** Runs Lua statements. */
  run(code: string): void {
    const answer = this.session.evaluate(code);
    if (answer.startsWith("!")) throw new Error(answer);
  }

  connect(): TestPage {
    return this.session.connect();
  }

  /** What holds at the end of each scenario. */
  end(): void {
    this.t.same(this.session.stale(), this.#stale, "no old code in the end");
    this.session.close();
  }
}

type Site = Record<string, string> | TestSite;

/** A test whose title is a guarantee: a session with the site's files, `body` saves some, no old code is left in the end. */
export function scenario(title: string, site: Site, body: (app: Scenario) => void | Promise<void>): void {
  void t.test(title, async (t) => {
    const files =
      "lua" in site && typeof site.lua === "object" ? (site as TestSite) : { lua: site as Record<string, string> };
    const app = new Scenario(t, await LuaSession.start(files, { hotload: true }), files.lua);
    await body(app);
    app.end();
  });
}
