import { once } from "node:events";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import net, { type AddressInfo } from "node:net";
import type { Test } from "tap";
import { start } from "../cli/command.ts";

/** A `moonpool serve` in a process of its own, that can be killed and started again at the same address. */
export class ServedProcess {
  readonly origin: string;
  readonly #args: string[];
  #child: ChildProcessWithoutNullStreams | undefined;
  /** What it has written to standard error since it was started last. */
  log = "";

  private constructor(port: number, args: string[]) {
    this.origin = `http://127.0.0.1:${port}`;
    this.#args = ["serve", "--port", String(port), "--threads", "2", ...args];
  }

  /** It is killed when `t` is over. */
  static async start(t: Test, args: string[]): Promise<ServedProcess> {
    const served = new ServedProcess(await freePort(), args);
    t.teardown(() => served.kill("SIGKILL"));
    await served.start();
    return served;
  }

  /** Starts it; settles when it listens. */
  async start(): Promise<void> {
    const child = start(this.#args);
    this.#child = child;
    this.log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.log += text));
    const listens = new Promise((resolve) => child.stdout.once("data", resolve));
    const ended = once(child, "close").then(() => {
      throw new Error(`serve ended: ${this.log}`);
    });
    ended.catch(() => {});
    await Promise.race([listens, ended]);
  }

  /** Ends it with a signal; gives its exit code when it has ended. */
  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = once(child, "close");
    child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
