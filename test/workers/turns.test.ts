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
