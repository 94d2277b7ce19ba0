import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Program, programOf } from "../support/processes.ts";
import { repository } from "../support/site.ts";

const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const probe = new URL("./server-probe.js", import.meta.url).href;

/** `moonpool serve DIR --hotload --dev` in a process of its own, on a free port. */
export async function startServer(dir: string): Promise<Program<{ origin: string }>> {
  const shoelace = path.join(repository, "node_modules/@shoelace-style/shoelace/cdn");
  const args = ["serve", "--dir", dir, "--hotload", "--dev", "--port", "0", "--mount", `/shoelace=${shoelace}`];
  const child = fork(cli, [...args, "--log-level", "warn", "--log-format", "json"], {
    execArgv: ["--expose-gc", "--import", probe],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MOONPOOL_"))),
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const [line] = (await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(([code]) => {
      throw new Error(`moonpool serve ended with ${String(code)}`);
    }),
  ])) as [string];
  const origin = /http:\/\/[^/]+/.exec(line)?.[0];
  if (origin === undefined) throw new Error(`no address in: ${line}`);
  return programOf(child, { origin });
}
