import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";
import type { Test } from "tap";

/** Stands between browsers and a server at `origin`, and can lose what passes, with its connections. */
export class FlakyNetwork {
  readonly #server: net.Server;
  readonly #pairs = new Set<[Socket, Socket]>();
  /** What is sent now never arrives, in neither direction. */
  isHolding = false;
  /** Nobody can connect. */
  isDown = false;

  private constructor(port: number) {
    this.#server = net.createServer((near) => {
      if (this.isDown) near.destroy();
      else this.#pair(near, port);
    });
  }

  #pair(near: Socket, port: number): void {
    const far = net.connect(port, "127.0.0.1");
    const pair: [Socket, Socket] = [near, far];
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on("data", (data) => this.isHolding || to.write(data));
      from.on("error", () => {});
      from.on("close", () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
  }

  static async start(t: Test, origin: string): Promise<FlakyNetwork> {
    const network = new FlakyNetwork(Number(new URL(origin).port));
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    t.teardown(() => {
      network.cut();
      return new Promise((resolve) => network.#server.close(resolve));
    });
    return network;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends all connections, without a word to either side. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    this.#pairs.clear();
    this.isHolding = false;
  }
}
