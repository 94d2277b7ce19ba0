import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { FastifyInstance } from "fastify";
import type { Page } from "playwright-core";
import type { Test } from "tap";
import { createServer, type ServerOptions } from "../../src/host/main.ts";
import { Chromium, type OpenOptions } from "./chromium.ts";
import { root } from "./demo.ts";

/** A site in a folder of its own that is served with hot reload, to be edited as an editor does it. */
export interface HotSite {
  dir: string;
  app: FastifyInstance;
  origin: string;
  /** A page of a new session; closed when `t` is over. It must never be loaded a second time: see `loads`. */
  open(t: Test, options?: OpenOptions): Promise<Page>;
  read(file: string): string;
  /** Saves a file as careful editors do: written beside it, then renamed. */
  save(file: string, text: string): void;
  /** Replaces the first `from` in a file, which must be there. Returns what the file was before. */
  edit(file: string, from: string, to: string): string;
  remove(file: string): void;
}

/** The files of the demo, by name. */
export function demoFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const folder of ["lua", "viewdefs", "html"])
    for (const name of fs.readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })) {
      const file = path.join(folder, name);
      if (fs.statSync(path.join(root, file)).isFile()) files[file] = fs.readFileSync(path.join(root, file), "utf8");
    }
  return files;
}

/** Serves `files` with real threads and a real browser; all closed and removed when `t` is over. */
export async function startHotSite(
  t: Test,
  files: Record<string, string> = demoFiles(),
  options: Partial<ServerOptions> = {},
): Promise<HotSite> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-hot-"));
  const save = (file: string, text: string): void => {
    const target = path.join(dir, file);
    const beside = path.join(path.dirname(target), `.${path.basename(target)}.tmp`);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(beside, text);
    fs.renameSync(beside, target);
  };
  for (const [file, text] of Object.entries(files)) save(file, text);
  const mounts = { "/shoelace": path.join(root, "node_modules/@shoelace-style/shoelace/cdn") };
  const app = await createServer({
    dir,
    development: true,
    hotload: true,
    logger: false,
    threads: 1,
    mounts,
    ...options,
  });
  t.teardown(async () => {
    await app.close();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  const origin = await app.listen({ host: "127.0.0.1", port: 0 });
  const chromium = await Chromium.launch(t);
  const read = (file: string): string => fs.readFileSync(path.join(dir, file), "utf8");
  return {
    dir,
    app,
    origin,
    open: (t, options = {}) => chromium.open(t, `${origin}/`, options),
    read,
    save,
    edit(file, from, to) {
      const before = read(file);
      if (!before.includes(from)) throw new Error(`${file} has no ${from}`);
      save(
        file,
        before.replace(from, () => to),
      );
      return before;
    },
    remove: (file) => fs.rmSync(path.join(dir, file)),
  };
}

/** Notes that the page has been loaded; what is returned says whether it is still the same load. */
export async function loadOf(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Object.assign(window, { sameLoad: true }));
  return () => page.evaluate(() => "sameLoad" in window);
}
