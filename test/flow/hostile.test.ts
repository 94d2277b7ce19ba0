import t from "tap";
import { HostileSession, hostileSite, readPrograms } from "../support/hostile.ts";
import { startRealHost } from "../support/real-host.ts";

/** ms within which a program has to have come to its end, on whatever machine; those that never do are known by it. */
const PATIENCE = 60_000;
const options = {
  threads: 1,
  timeLimit: 300,
  memoryLimit: 24 * 2 ** 20,
  maxOutput: 2_000_000,
  maxTimers: 500,
  maxVariables: 2_000,
};

const programs = readPrograms();
const host = await startRealHost(t, hostileSite(programs), options);
const healthy = await HostileSession.open(host);
let presses = 0;

t.ok(programs.length >= 40, `${programs.length} programs`);

for (const program of programs) {
  const { name, what, file, line, needsWatchdog } = program;
  t.test(
    `${name}: ${what} It is told where, its session goes on, and so do others`,
    { timeout: PATIENCE },
    async (t) => {
      const session = await HostileSession.open(host);
      for (const { moment, codes, found } of await session.run(program)) {
        const code = found?.code ?? "fine";
        t.ok(codes.includes(code), `${moment}: ${code} ${found?.message.slice(0, 200)}`);
        // A thread that is ended from outside cannot say where it was.
        if (needsWatchdog) continue;
        if (line !== undefined && code !== "fine") t.match(found, { file, line });
        else if (/^LIMIT_(TIME|MEMORY|TIMERS)/.test(code)) t.match(found, { file, line: Number });
      }
      await session.press();
      await healthy.press();
      t.equal(healthy.count, ++presses, "the other has its data");
      t.strictSame(healthy.problems, []);
      session.mirror.tab.close();
    },
  );
}
