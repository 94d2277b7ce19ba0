import { MessageChannel } from "node:worker_threads";
import t from "tap";
import { Turns } from "../../src/workers/turns.ts";

/** What ran, until nothing is left. */
async function order(begin: (turns: Turns, note: (name: string) => () => void) => void): Promise<string> {
  const turns = new Turns();
  const ran: string[] = [];
  begin(turns, (name) => () => void ran.push(name));
  for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve));
  return ran.join(" ");
}

t.test("turns are had later, in order; whoever was busy for long comes last, the least busy first", async (t) => {
  const ran = await order((turns, note) => {
    turns.take(note("H1000"), 1_000);
    turns.take(note("a"), 0);
    turns.take(note("H500"), 500);
    turns.take(note("b"), 20);
    turns.take(note("H2000"), 2_000);
    note("now")();
  });
  t.equal(ran, "now a b H500 H1000 H2000");
});

t.test("what comes while one of the heavy has its turn goes before the next of them", async (t) => {
  const ran = await order((turns, note) => {
    for (const name of ["H1", "H2", "H3"]) {
      turns.take(() => {
        note(name)();
        turns.take(note(`after-${name}`), 0);
      }, 1_000);
    }
  });
  t.equal(ran, "H1 after-H1 H2 after-H2 H3 after-H3");
});

t.test("a turn that is taken in a turn is a later one", async (t) => {
  const ran = await order((turns, note) => {
    turns.take(() => {
      note("a")();
      turns.take(note("c"), 0);
    }, 0);
    turns.take(note("b"), 0);
  });
  t.equal(ran, "a b c");
});

t.test("the heavy are not put off for ever by others that keep coming", async (t) => {
  const turns = new Turns({ longestWait: 20 });
  let rounds = 0;
  let isOver = false;
  const again = (): void => {
    rounds++;
    if (!isOver) turns.take(again, 0);
  };
  again();
  await new Promise<void>((resolve) => turns.take(resolve, 1_000));
  isOver = true;
  t.ok(rounds > 1, "others were first");
});

t.test("nor by reloads that keep coming", async (t) => {
  const turns = new Turns({ longestWait: 20 });
  let reloads = 0;
  let isOver = false;
  const again = (): void => {
    reloads++;
    if (!isOver) turns.takeForReload(again);
  };
  again();
  await new Promise<void>((resolve) => turns.take(resolve, 1_000));
  isOver = true;
  t.ok(reloads > 1, "reloads were first");
});

t.test("after each turn the thread rests for a multiple of the time that it took", async (t) => {
  const turns = new Turns({ rest: 3 });
  const busy = (ms: number) => (): void => {
    for (const end = performance.now() + ms; performance.now() < end;);
  };
  const began = performance.now();
  for (let turn = 0; turn < 3; turn++) turns.take(busy(20), 0);
  await new Promise<void>((resolve) => turns.take(resolve, 0));
  t.ok(performance.now() - began >= 3 * 80);
});

t.test("when a turn took long, the thread takes in what has come before it goes on with others", async (t) => {
  const turns = new Turns();
  const ran: string[] = [];
  const { port1, port2 } = new MessageChannel();
  port2.on("message", () => ran.push("message"));
  await new Promise<void>((resolve) => {
    turns.take(() => {
      port1.postMessage("");
      for (const end = performance.now() + 50; performance.now() < end;);
      ran.push("long");
    }, 0);
    turns.take(() => ran.push("short"), 0);
    turns.take(resolve, 0);
  });
  port1.close();
  t.same(ran, ["long", "message", "short"]);
});

t.test("as soon as there is something else to do than reloads, that comes first", async (t) => {
  const ran = await order((turns, note) => {
    turns.takeForReload(() => {
      note("reload")();
      turns.take(note("event"), 0);
    });
    for (const name of ["another", "third"]) turns.takeForReload(note(name));
  });
  t.equal(ran, "reload event another third");
});
