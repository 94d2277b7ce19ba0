// Clients in closed loop, in a process of their own: each asks for `/` over a connection that it keeps, again and again.
// A request is { port, clients, ms }, the answer { rate } per second, or { problem }.
import net from "node:net";

interface Run {
  port: number;
  clients: number;
  ms: number;
}

const REQUEST = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
const END = "\r\n\r\n";

async function run({ port, clients, ms }: Run): Promise<{ rate: number } | { problem: string }> {
  let count = 0;
  let problem: string | undefined;
  const end = performance.now() + ms;
  const client = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = net.connect(port, "127.0.0.1", () => socket.write(REQUEST));
      let text = "";
      socket.setNoDelay(true).on("data", (data) => {
        text += data.toString("latin1");
        const head = text.indexOf(END);
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
        if (head < 0 || text.length < head + END.length + length) return;
        if (!text.startsWith("HTTP/1.1 303 ")) problem ??= text;
        count++;
        text = "";
        if (performance.now() < end && problem === undefined) socket.write(REQUEST);
        else socket.destroy();
      });
      socket.on("error", (error) => (problem ??= String(error)));
      socket.on("close", () => resolve());
    });
  const start = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  return problem === undefined ? { rate: (count / (performance.now() - start)) * 1000 } : { problem };
}

process.on("message", async (request: Run) => process.send?.(await run(request)));
process.send?.({});
process.on("disconnect", () => process.exit());
