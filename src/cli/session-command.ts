import fs from "node:fs";
import path from "node:path";
import { Option as Flag, type Command } from "commander";
import type { ResumeSession } from "../host/state/stored-sessions.ts";
import type { SessionStore } from "../host/store/session-store.ts";
import { MoonpoolError } from "../protocol/main.ts";
import type { Settings } from "./settings.ts";

interface Surroundings {
  /** Of Moonpool. */
  version: string;
  /** What the config file, the environment and these flags say. */
  settingsFrom: (flags: Record<string, unknown>) => Promise<Settings>;
}

interface CommonFlags {
  data?: string;
  dir?: string;
}

const DIGITS = /^\d{1,15}$/;

/** Adds `moonpool session list | export | import | rewind`, which work on a store that no server has open. */
export function addSessionCommands(program: Command, { version, settingsFrom }: Surroundings): void {
  const session = program.command("session").description("look at kept sessions, and move or rewind them");
  const command = (name: string, description: string): Command =>
    session
      .command(name)
      .description(description)
      .option("-d, --dir <folder>", "folder of the site (default: .)")
      .option("--data <folder>", "folder that the host keeps sessions in (default: .moonpool in the site)");
  const settingsOf = async (flags: CommonFlags): Promise<Settings & { data: string }> => {
    const { dir, data } = flags;
    const settings = await settingsFrom({ ...(dir !== undefined && { dir }), ...(data !== undefined && { data }) });
    const { dataFolderOf } = await import("../host/options.ts");
    return { ...settings, data: dataFolderOf({ ...settings.given, dir: settings.dir }) };
  };

  command("list", "list the sessions of a store")
    .option("--json", "print JSON")
    .action(async (flags: CommonFlags & { json?: true }) => {
      const { data } = await settingsOf(flags);
      const { listSessions } = await import("./session.ts");
      console.log(await inStore(data, (store) => listSessions(store, { json: flags.json ?? false })));
    });

  command("export", "write a session's portable state")
    .argument("<id>", "the session's id, or its beginning")
    .addOption(new Flag("--format <format>", "how it is written").choices(["json", "msgpack"]).default("json"))
    .option("--plain", "do not compress it")
    .option("-o, --output <file>", "where to; default: standard output")
    .action(async (id: string, flags: CommonFlags & { format: "json" | "msgpack"; plain?: true; output?: string }) => {
      const settings = await settingsOf(flags);
      const { exportToFile, writeStateFile } = await import("./session.ts");
      const compression = flags.plain ? "none" : "brotli";
      const isText = flags.plain && flags.format === "json";
      if (flags.output === undefined && process.stdout.isTTY && !isText)
        throw new MoonpoolError("CONFIG_INVALID", "This is nothing to read: give -o FILE, or --plain.");
      const { file, left } = await inStore(settings.data, (store) =>
        withThreads(settings, store, (resume) => {
          const { format } = flags;
          return exportToFile(store, id, { format, compression, site: path.basename(settings.dir), version, resume });
        }),
      );
      if (flags.output === undefined) await new Promise((written) => process.stdout.write(file, written));
      else writeStateFile(flags.output, file);
      for (const what of left) console.error(`not in it: ${what}`);
    });

  command("import", "make a new session of a portable state")
    .argument("<file>", "what `moonpool session export` has written")
    .option("--id <id>", "id of the new session; default: a new one")
    .action(async (file: string, flags: CommonFlags & { id?: string }) => {
      const settings = await settingsOf(flags);
      const { importFromFile, readStateFile } = await import("./session.ts");
      const bytes = readStateFile(file);
      const { development = false } = settings.given;
      const { id, objects, notes } = await inStore(
        settings.data,
        (store) =>
          withThreads(settings, store, (resume) =>
            importFromFile(store, bytes, { id: flags.id, development, hotload: development, resume }),
          ),
        true,
      );
      for (const note of notes) console.error(note);
      console.log(`${id}  ${objects} objects`);
    });

  command("rewind", "take the last events of a session back, for good")
    .argument("<id>", "the session's id, or its beginning")
    .option("--to <position>", "the position of its journal that it goes back to")
    .option("--events <number>", "how many events are taken back")
    .action(async (given: string, flags: CommonFlags & { to?: string; events?: string }) => {
      const { to, events } = flags;
      const number = to ?? events ?? "";
      if ((to === undefined) === (events === undefined) || !DIGITS.test(number))
        throw new MoonpoolError("CONFIG_INVALID", "Give --to POSITION or --events NUMBER.");
      const target = to === undefined ? { events: Number(number) } : { to: Number(number) };
      const { data } = await settingsOf(flags);
      const { rewind } = await import("./session.ts");
      const { id, position, undone } = await inStore(data, (store) => rewind(store, given, target));
      console.log(`Session ${id} is at position ${position} again. Taken back:\n${undone.join("\n")}`);
    });
}

/** Opens the store in a data folder for as long as `work` takes. */
async function inStore<Result>(
  data: string,
  work: (store: SessionStore) => Promise<Result>,
  create = false,
): Promise<Result> {
  const { partsOf } = await import("../host/data-folder.ts");
  const { store: dir } = partsOf(data);
  if (!create && !fs.existsSync(dir)) throw new MoonpoolError("CONFIG_INVALID", `There are no sessions in ${data}.`);
  const { openStore } = await import("../host/store/open-store.ts");
  const store = await openStore({ durability: "disk", dir });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Has threads that run sessions of the site for as long as `work` takes. */
async function withThreads<Result>(
  { given, dir, data }: Settings & { data: string },
  store: SessionStore,
  work: (resume: ResumeSession) => Promise<Result>,
): Promise<Result> {
  const { WorkerPool } = await import("../host/worker-pool.ts");
  const { resumeOn } = await import("../host/state/stored-sessions.ts");
  const { partsOf } = await import("../host/data-folder.ts");
  const { seedOf } = await import("../host/store/lasting.ts");
  if (!fs.existsSync(path.join(dir, "lua/main.lua")))
    throw new MoonpoolError("SITE_MISSING", `There is no lua/main.lua in ${dir}.`);
  const { memoryLimit, timeLimit } = given;
  const seed = await seedOf(store);
  const { sources } = partsOf(data);
  const pool = new WorkerPool({ dir, threads: 1, memoryLimit, timeLimit, seed, sources });
  try {
    await pool.ready;
    return await work(resumeOn(pool, store));
  } finally {
    await pool.close();
  }
}
