import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** Starts `moonpool …` as a process of its own, without the MOONPOOL_* variables of this one. */
export function start(args: string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("MOONPOOL_"));
  return spawn(process.execPath, [main, ...args], { env: { ...Object.fromEntries(inherited), ...env } });
}

/** Runs `moonpool …` to its end. */
export async function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = start(args, env);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}

/** Opens the start page as a browser does: keeps the cookie and goes on to the session's own page. */
export async function openPage(url: string): Promise<Response> {
  const first = await fetch(url, { redirect: "manual" });
  const cookie = first.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");
  return fetch(new URL(first.headers.get("location") ?? "", url), { headers: { cookie } });
}
