import * as fc from "fast-check";
import t from "tap";
import { type Decide, KeptSession } from "../../src/host/kept-session.ts";
import { Bases } from "../../src/host/bases.ts";
import { encodeSnapshot, loadKept } from "../../src/host/kept-state.ts";
import type { RecoveryStep } from "../../src/host/recovery.ts";
import { MoonpoolError, type WireError } from "../../src/protocol/main.ts";
import type { FromSession } from "../../src/protocol/worker-message.ts";
import { MemoryStore } from "../../src/host/store/memory-store.ts";
import { HeldStore } from "../support/held-store.ts";
import { settled } from "../support/memory-wire.ts";
import { blankImage, historyOf, ScriptedTask } from "../support/scripted-task.ts";

const ID = "session";
const LONGEST = 2_000;
const blankHead = { nextTimer: undefined, connections: [], connectionsEver: 0, time: 0 };

/** A session, the tasks that it has had, and what it said. */
class Stage {
  readonly store: HeldStore;
  readonly tasks: ScriptedTask[] = [];
  readonly heard: string[] = [];
  readonly ends: (WireError | undefined)[] = [];
  session: KeptSession;
  decide: Decide = async () => "rollback";
  /** No thread can be had. */
  isFull = false;
  /** Tasks refuse what was carried out before. */
  cannotRepeat = false;
  /** Of new tasks. */
  version = "0";
  readonly #bases: Bases;
  onMessage: (message: FromSession) => void = () => {};
  sent = 0;
  /** How often a session has said that it is over. */
  overs = 0;

  private constructor(store: HeldStore, session: (stage: Stage) => KeptSession) {
    this.store = store;
    this.#bases = new Bases(store);
    this.session = session(this);
  }

  static make(store = new HeldStore()): Stage {
    return new Stage(store, (stage) => stage.#make());
  }

  /** As after the process has been killed. */
  async reopen(): Promise<void> {
    this.session.abandon();
    const kept = await loadKept(this.store, ID);
    this.session = this.#make(kept);
  }

  #make(kept?: Awaited<ReturnType<typeof loadKept>>): KeptSession {
    const open = (...parts: ConstructorParameters<typeof ScriptedTask>): ScriptedTask => {
      if (this.isFull) throw new MoonpoolError("SESSION_LIMIT");
      const task = new ScriptedTask(...parts);
      task.cannotRepeat = this.cannotRepeat;
      task.version = this.version;
      this.tasks.push(task);
      return task;
    };
    const decide: Decide = (...failure) => this.decide(...failure);
    const hear = (message: FromSession): void => {
      this.heard.push(nameOf(message));
      this.onMessage(message);
    };
    const onOver = (): void => void this.overs++;
    const around = { store: this.store, bases: this.#bases, open, decide, kept, onOver };
    return new KeptSession(ID, around, hear, (error) => this.ends.push(error));
  }

  get task(): ScriptedTask {
    return this.tasks.at(-1)!;
  }

  start(): void {
    void this.session.send(`start 0 1\n${this.sent++}`);
  }

  /** Sends the next event; its number is what is heard of it. */
  send(fate = "ok"): Promise<void> | undefined {
    return this.session.send(`frame 1 1\n${this.sent++}\n${fate}`);
  }

  /** Carries out everything until nothing is under way. */
  async run(): Promise<void> {
    for (let step = 0; step < LONGEST; step++) {
      this.store.makeSafe();
      await settled();
      if (!this.tasks.map((task) => task.step()).includes(true) && this.session.isQuiet) return;
    }
    throw new Error("it does not come to an end");
  }

  /** What the store says that has happened. */
  async kept(): Promise<string[]> {
    const kept = await loadKept(this.store, ID);
    const image = kept?.image ? historyOf(kept.image) : [];
    return numbersOf([...image, ...(kept?.events.map(({ text }) => text) ?? [])]);
  }
}

function nameOf(message: FromSession): string {
  if (typeof message === "string") return message.split("\n")[1]!;
  return message.kind === "failed" ? `failed ${message.error.code}` : message.kind;
}

function numbersOf(texts: string[]): string[] {
  return texts.map((text) => text.split("\n")[1]!);
}

t.test("a new session is on a thread at once; its events are carried out and answered in order", async (t) => {
  const stage = Stage.make();
  stage.start();
  stage.send();
  stage.send("ask");
  t.same(stage.task.given, ["event 0", "event 1", "event 2"]);
  t.equal(stage.session.isQuiet, false);
  await stage.run();
  t.same(stage.heard, ["started", "1", "2"]);
  t.equal(stage.session.isQuiet, true);
  t.equal(stage.tasks.length, 1);
});

t.test(
  "nothing that comes of an event is passed on before the event is safe, nor its image before it is answered",
  async (t) => {
    const stage = Stage.make();
    stage.store.isHeld = true;
    stage.start();
    const safe = stage.send("ask");
    t.ok(safe instanceof Promise);
    for (let step = 0; step < 2; step++) stage.task.step();
    await settled();
    t.same(stage.heard, []);
    t.equal(stage.session.isQuiet, false);
    stage.store.makeSafe();
    await safe;
    await settled();
    t.same(stage.heard, ["started", "1"]);
    stage.send("ask");
    stage.store.makeSafe();
    await settled();
    stage.task.step();
    await settled();
    t.same(stage.heard, ["started", "1"], "the event is safe, but not the image that keeps it from being repeated");
    stage.store.makeSafe();
    await settled();
    t.same(stage.heard, ["started", "1", "2"]);
  },
);

t.test("what a session says of its timers when it has gone on does not overtake what was held back", async (t) => {
  const stage = Stage.make();
  stage.start();
  await stage.run();
  stage.store.isHeld = true;
  stage.send("refuse");
  for (let step = 0; step < 4; step++) {
    stage.task.step();
    await settled();
  }
  t.same(stage.heard, ["started"]);
  stage.store.makeSafe();
  await settled();
  t.same(stage.heard, ["started", "refused", "resumed"]);
});

t.test("a refused event has not happened; those after it happen once", async (t) => {
  const stage = Stage.make();
  stage.start();
  for (const fate of ["ok", "refuse", "ok", "refuse", "refuse", "ask", "ok"]) stage.send(fate);
  await stage.run();
  t.same(
    stage.heard.filter((name) => name !== "resumed"),
    ["started", "1", "refused", "3", "refused", "refused", "6", "7"],
  );
  t.same(numbersOf(stage.task.history), ["0", "1", "3", "6", "7"]);
  t.same(await stage.kept(), ["0", "1", "3", "6", "7"]);
  t.equal(stage.tasks.length, 1, "on the same thread");
  t.same(stage.store.problems, []);
});

t.test(
  "an event that ends its thread twice is refused, one that is stuck at once; another death is none of its business",
  async (t) => {
    const stage = Stage.make();
    stage.start();
    stage.send("kill");
    stage.send("stuck");
    stage.send();
    await stage.run();
    t.equal(stage.tasks.length, 4);
    t.same(
      stage.heard.filter((name) => name !== "resumed"),
      ["started", "refused", "refused", "3"],
    );
    stage.send();
    stage.task.die();
    stage.task.die();
    await stage.run();
    t.same(await stage.kept(), ["0", "3", "4"]);
  },
);

t.test("a task may die at every point: nothing is lost, doubled or answered twice", async (t) => {
  for (let point = 0; point < 12; point++) {
    const stage = Stage.make();
    stage.start();
    for (const fate of ["ok", "ask", "ok", "refuse", "ok"]) stage.send(fate);
    for (let step = 0; step < point; step++) {
      stage.task.step();
      if (step % 2 === 1) await settled();
    }
    stage.task.die();
    stage.send();
    await stage.run();
    t.same(
      stage.heard.filter((name) => name !== "resumed"),
      ["started", "1", "2", "3", "refused", "5", "6"],
      `${point}`,
    );
    t.same(numbersOf(stage.task.history), ["0", "1", "2", "3", "5", "6"]);
    t.same(stage.store.problems, []);
  }
});

t.test(
  "while it is decided what to do about an event, its thread may die, it may be closed, left or told more",
  async (t) => {
    for (const meanwhile of ["die", "close", "leave", "abandon", "send"] as const) {
      const stage = Stage.make();
      let decide: (step: RecoveryStep) => void = () => {};
      stage.decide = () => new Promise((resolve) => (decide = resolve));
      stage.start();
      stage.send("refuse");
      stage.send();
      stage.task.step();
      stage.task.step();
      await settled();
      let left: Promise<void> | undefined;
      if (meanwhile === "die") stage.task.die();
      else if (meanwhile === "send") stage.send();
      else if (meanwhile === "leave") left = stage.session.leave();
      else stage.session[meanwhile]();
      await settled();
      decide("rollback");
      await stage.run().catch(() => {});
      await left;
      const isGone = meanwhile === "close" || meanwhile === "abandon";
      t.same(
        stage.heard.filter((name) => name !== "resumed"),
        isGone ? ["started"] : ["started", "refused", "2", ...(meanwhile === "send" ? ["3"] : [])],
        meanwhile,
      );
      if (meanwhile === "close") t.same(await stage.store.list(), []);
    }
  },
);

t.test("retry gives the event again, restart begins anew, end ends and leaves what there was", async (t) => {
  const retry = Stage.make();
  const attempts: number[] = [];
  retry.decide = async (_text, _error, attempt) => (attempts.push(attempt), attempt < 3 ? "retry" : "rollback");
  retry.start();
  retry.send("refuse");
  await retry.run();
  t.same(attempts, [1, 2, 3]);
  t.same(await retry.kept(), ["0"]);

  const restart = Stage.make();
  restart.decide = async () => "restart";
  const errors: (WireError | undefined)[] = [];
  restart.onMessage = (message) => {
    if (typeof message !== "object") return;
    if (message.kind === "restarting") restart.start();
    if (message.kind === "refused") errors.push(message.error);
  };
  restart.start();
  restart.send();
  restart.send("refuse");
  restart.send();
  await restart.run();
  t.same(
    restart.heard.filter((name) => name !== "resumed"),
    ["started", "1", "refused", "refused", "restarting", "started"],
  );
  t.match(errors, [{ code: "LIMIT_TIME" }, undefined], "what was under way is not a failure of its own");
  t.same(await restart.kept(), ["4"]);

  const end = Stage.make();
  end.decide = async () => "end";
  end.start();
  end.send();
  end.send("refuse");
  end.send();
  await end.run().catch(() => {});
  t.same(end.heard, ["started", "1", "refused", "failed LIMIT_TIME"]);
  t.same(await end.kept(), ["0", "1", "3"]);
});

t.test("a start that cannot be carried out ends the session, a reload is told why nothing came of it", async (t) => {
  const stage = Stage.make();
  void stage.session.send("start 0 1\n0\nrefuse");
  stage.task.step();
  await settled();
  t.same(stage.heard, ["refused", "failed LIMIT_TIME"]);
  t.equal(await loadKept(stage.store, ID), undefined, "there is nothing to go on from");

  const other = Stage.make();
  other.start();
  let outcome: unknown;
  other.onMessage = (message) => {
    if (typeof message === "object" && message.kind === "reloaded") ({ outcome } = message);
  };
  void other.session.send("reload 1 1\n1\nrefuse");
  await other.run();
  t.same(other.heard, ["started", "reloaded", "resumed"]);
  t.equal(outcome, "-");
});

t.test(
  "it sleeps after what is under way, with its newest image in the store, and the next event wakes it",
  async (t) => {
    const stage = Stage.make();
    stage.start();
    stage.send();
    stage.session.sleep();
    stage.session.sleep();
    t.equal(stage.session.isAsleep, false);
    await stage.run();
    t.equal(stage.session.isAsleep, true);
    t.equal((await stage.store.load(ID))?.records.length, 0);
    stage.send();
    await stage.run();
    t.same(stage.heard, ["started", "1", "resumed", "2"]);
    t.equal(stage.tasks.length, 2);
    stage.session.sleep();
    stage.send();
    stage.send();
    await stage.run();
    t.same(stage.heard.slice(4), ["resumed", "3", "4"], "what comes while it falls asleep wakes it again");
    stage.session.sleep();
    stage.task.die();
    await settled();
    t.equal(stage.session.isAsleep, true, "it may die on its way");
    t.same(await stage.kept(), ["0", "1", "2", "3", "4"]);
    t.same(stage.store.problems, []);
  },
);

t.test(
  "it can be left, closed and abandoned in every phase; then nothing more is heard, and only closing forgets it",
  async (t) => {
    const phases: [string, (stage: Stage) => Promise<void> | void][] = [
      ["before anything was answered", () => {}],
      ["awake", (stage) => stage.run()],
      ["resting", (stage) => stage.session.sleep()],
      ["asleep", (stage) => (stage.session.sleep(), stage.run())],
      [
        "waking",
        async (stage) => {
          stage.session.sleep();
          await stage.run();
          stage.send();
        },
      ],
      [
        "replaying",
        async (stage) => {
          await stage.run();
          stage.task.die();
          stage.send();
          await settled();
          stage.task.step();
        },
      ],
    ];
    for (const [name, reach] of phases) {
      const left = Stage.make();
      left.start();
      left.send();
      await reach(left);
      const leaving = left.session.leave();
      const again = left.session.leave();
      for (let step = 0; step < 50; step++) {
        await settled();
        for (const task of left.tasks) task.step();
      }
      await Promise.all([leaving, again]);
      t.same(
        await left.kept(),
        Array.from({ length: left.sent }, (_, number) => `${number}`),
        `left ${name}`,
      );
      t.equal((await left.store.load(ID))?.records.length, 0, "as an image");
      t.equal(left.send(), undefined);
      t.same(left.store.problems, []);

      for (const how of ["close", "abandon"] as const) {
        const stage = Stage.make();
        stage.start();
        stage.send();
        await reach(stage);
        const heard = [...stage.heard];
        stage.session[how]();
        stage.session[how]();
        for (let step = 0; step < 20; step++) {
          await settled();
          for (const task of stage.tasks) task.step();
        }
        t.same(stage.heard, heard, `${how} ${name}`);
        t.ok(stage.tasks.every(({ isOver }) => isOver));
        t.equal((await stage.store.list()).length, how === "close" ? 0 : 1);
      }
    }
  },
);

t.test(
  "it moves after the event under way: its image goes along, and what waits is carried out elsewhere",
  async (t) => {
    const stage = Stage.make();
    stage.start();
    await stage.run();
    stage.send();
    stage.send();
    stage.task.step();
    stage.session.move();
    stage.session.move();
    stage.send();
    await stage.run();
    const [first, second] = stage.tasks;
    t.equal(stage.tasks.length, 2);
    t.same(first?.given, ["event 0", "event 1", "event 2", "rest at once"]);
    t.same(numbersOf(first?.history ?? []), ["0", "1"]);
    t.same(second?.given, ["resume", "event 2", "event 3"]);
    t.same(stage.heard, ["started", "1", "resumed", "2", "3"]);
    stage.session.move();
    await stage.run();
    t.equal(stage.session.isAsleep, true, "with nothing to do it takes no thread before the next event");
    stage.send();
    await stage.run();
    t.same(await stage.kept(), ["0", "1", "2", "3", "4"]);
    t.same(stage.store.problems, []);
  },
);

t.test("it is evacuated without its thread: what that still says is not heard, what waits happens once", async (t) => {
  const stage = Stage.make();
  stage.start();
  await stage.run();
  stage.send("ask");
  stage.send();
  stage.session.evacuate();
  stage.session.evacuate();
  const [stuck] = stage.tasks;
  t.same(stuck?.given.slice(-1), ["close"]);
  stage.send();
  for (let step = 0; step < 5; step++) stuck?.step();
  t.ok(stuck?.isOver);
  t.same(stage.heard, ["started"], "though it has carried them out");
  await stage.run();
  t.same(stage.heard, ["started", "resumed", "1", "2", "3"]);
  t.same(numbersOf(stage.task.history), ["0", "1", "2", "3"]);
  t.same(stage.ends, []);
  stage.session.evacuate();
  t.equal(stage.session.isAsleep, false, "with nothing to do it stays");
  stage.send();
  await stage.run();
  t.same(await stage.kept(), ["0", "1", "2", "3", "4"]);
  t.same(stage.store.problems, []);
});

t.test("a start is evacuated as any event; whoever wants to leave a thread that is stuck can", async (t) => {
  const stage = Stage.make();
  stage.start();
  stage.session.evacuate();
  await stage.run();
  t.same(stage.heard, ["resumed", "started"]);
  stage.send();
  await stage.run();
  const leaving = stage.session.leave();
  t.equal(stage.session.waiting, 1);
  stage.session.evacuate();
  await leaving;
  t.same(await stage.kept(), ["0", "1"]);
});

t.test("after an event that was refused it goes on where it belongs by then", async (t) => {
  const stage = Stage.make();
  stage.start();
  stage.send("refuse");
  stage.send();
  stage.task.isMisplaced = true;
  await stage.run();
  const [first] = stage.tasks;
  t.same(first?.given, ["event 0", "event 1", "event 2", "close"]);
  t.equal(stage.tasks.length, 2);
  t.same(
    stage.heard.filter((name) => name !== "resumed"),
    ["started", "refused", "2"],
  );
  t.same(await stage.kept(), ["0", "2"]);
});

t.test("that it is over is said once, however it came about", async (t) => {
  for (const how of ["close", "abandon", "leave"] as const) {
    const stage = Stage.make();
    stage.start();
    await stage.run();
    t.equal(stage.overs, 0);
    const over = stage.session[how]();
    await stage.run().catch(() => {});
    await over;
    stage.session.close();
    t.equal(stage.overs, 1, how);
  }
});

t.test("when the store is full or fails, the session fails with its code, and what is stored stays", async (t) => {
  for (const code of ["STORE_FULL", "STORE_FAILED", "STORE_CORRUPT"] as const) {
    const flush = Stage.make();
    flush.start();
    await flush.run();
    flush.store.isHeld = true;
    const safe = flush.send();
    flush.task.step();
    flush.store.failFlush(new MoonpoolError(code));
    await t.rejects(safe!, { code });
    await settled();
    t.same(flush.heard, ["started", `failed ${code}`]);
    t.same(await flush.kept(), ["0", "1"]);

    for (const when of ["append", "void", "image", "describe"] as const) {
      const stage = Stage.make();
      stage.start();
      await stage.run();
      if (when === "void") stage.send("refuse");
      stage.store.broken = new MoonpoolError(code);
      if (when === "append") t.equal(stage.send(), undefined);
      if (when === "image") stage.task.image();
      if (when === "void") stage.task.step();
      if (when === "describe") {
        stage.store.describe = () => {
          throw new MoonpoolError(code);
        };
        stage.session.describe("x");
      }
      await settled();
      t.same(stage.heard, ["started", `failed ${code}`], `${code} ${when}`);
    }
  }
});

t.test("a session that cannot be had again fails, once, and is not tried for ever", async (t) => {
  const foreign = Stage.make();
  foreign.start();
  await foreign.run();
  foreign.send();
  foreign.task.fail();
  await foreign.session.leave();
  await settled();
  t.same(foreign.heard, ["started", "failed IMAGE_FOREIGN"]);
  t.equal(foreign.tasks.length, 1);

  const full = Stage.make();
  full.start();
  await full.run();
  full.isFull = true;
  full.task.die();
  full.send();
  await settled();
  t.same(full.heard, ["started", "failed SESSION_LIMIT"]);
  t.same(await full.kept(), ["0", "1"]);

  const gone = Stage.make();
  gone.start();
  await gone.run();
  gone.session.sleep();
  await gone.run();
  gone.store.remove(ID);
  gone.store.log.length = 0;
  gone.send();
  await settled();
  t.equal(gone.heard.at(-1), "failed SESSION_UNKNOWN");
});

/** A session with a portable state after events 0 and 1, and 2 and 3 after it. Its tasks cannot load images from here on. */
async function foreign(): Promise<Stage> {
  const stage = Stage.make();
  stage.start();
  stage.send("ask");
  stage.session.sleep();
  await stage.run();
  stage.send();
  stage.send();
  await stage.run();
  stage.heard.length = 0;
  stage.version = "1";
  return stage;
}

t.test(
  "going to rest a session gives its portable state, once for each state that it is in, before the image",
  async (t) => {
    const stage = Stage.make();
    const order: string[] = [];
    stage.store.putBlob = (name) => order.push(name);
    stage.store.snapshot = (_id, position) => order.push(`snapshot ${position}`);
    stage.start();
    stage.send();
    for (let rest = 0; rest < 2; rest++) {
      stage.session.sleep();
      await stage.run();
      stage.store.log.length = 0;
    }
    t.same(order, ["state/session", "snapshot 2"]);
  },
);

t.test(
  "when no image of it can be loaded, a session begins anew with its portable state, and says what is lost",
  async (t) => {
    for (const way of ["sleep", "reopen", "damaged"] as const) {
      const stage = await foreign();
      const states: unknown[] = [];
      const logs: string[] = [];
      stage.onMessage = (message) => {
        if (typeof message !== "object") return;
        if (message.kind === "log") logs.push(`${message.level} ${message.error?.code} ${message.message}`);
        if (message.kind !== "restarting") return;
        states.push(message.state);
        stage.start();
        void stage.session.send(`import 0 1\n${stage.sent++}`);
      };
      if (way === "sleep") stage.task.die();
      else {
        if (way === "damaged")
          MemoryStore.prototype.snapshot.call(stage.store, ID, 2, encodeSnapshot(blankHead, Buffer.from("none")));
        await stage.reopen();
      }
      stage.send();
      await stage.run();
      t.same(
        stage.heard.filter((name) => name !== "resumed"),
        ["refused", "restarting", "log", "started", "6"],
        way,
      );
      t.same(numbersOf(JSON.parse(String(states[0])) as string[]), ["0", "1"]);
      t.equal(states.length, 1);
      t.match(logs, [/^warn STATE_RESTORED IMAGE_\w+: .* The last 2 events before that are lost\.$/]);
      t.same(await stage.kept(), ["5", "6"]);
      stage.send();
      await stage.run();
      t.same(await stage.kept(), ["5", "6", "7"], "and goes on");
      t.same(stage.store.problems, []);
    }
  },
);

t.test("without a portable state it fails, and so it does while it is left; what is stored stays", async (t) => {
  const without = await foreign();
  without.store.removeBlob(`state/${ID}`);
  without.task.die();
  without.send();
  await without.run().catch(() => {});
  t.same(without.heard, ["failed IMAGE_FOREIGN"]);
  t.same(await without.kept(), ["0", "1", "2", "3", "4"]);

  const damaged = await foreign();
  damaged.store.putBlob(`state/${ID}`, Buffer.from("2\nnothing"));
  damaged.task.die();
  damaged.send();
  await damaged.run().catch(() => {});
  t.same(damaged.heard, ["failed STORE_CORRUPT"]);

  const left = await foreign();
  left.task.die();
  left.send();
  await settled();
  const leaving = left.session.leave();
  await left.run().catch(() => {});
  await leaving;
  t.same(left.heard, ["failed IMAGE_FOREIGN"]);
  t.same(await left.kept(), ["0", "1", "2", "3", "4"]);
});

t.test(
  "a session whose image holds nothing of it yet is repeated from its start instead, on one thread after the other",
  async (t) => {
    const stage = Stage.make();
    stage.start();
    stage.send();
    stage.task.step();
    stage.store.snapshot(ID, 0, encodeSnapshot(blankHead, blankImage()));
    await stage.run();
    stage.version = "1";
    stage.task.die();
    stage.send();
    // Each is left before it has given an image that could be loaded.
    for (const tasks of [3, 5]) {
      for (let step = 0; step < 20 && stage.tasks.length < tasks; step++) {
        stage.task.step();
        await settled();
      }
      stage.session.evacuate();
      await settled();
    }
    await stage.run();
    t.same(
      stage.heard.filter((name) => name !== "resumed"),
      ["started", "1", "2"],
    );
  },
);

t.test("a session that begins anew, or is closed, has the portable state of before no more", async (t) => {
  for (const way of ["restart", "close"] as const) {
    const stage = await foreign();
    stage.version = "0";
    t.ok(await stage.store.blob(`state/${ID}`));
    stage.decide = async () => "restart";
    stage.onMessage = (message) => typeof message === "object" && message.kind === "restarting" && stage.start();
    if (way === "close") stage.session.close();
    else stage.send("refuse");
    await stage.run();
    t.equal(await stage.store.blob(`state/${ID}`), undefined, way);
  }
});

t.test(
  "a session that has no portable state rests all the same, says so once, and keeps the state that it had",
  async (t) => {
    const stage = await foreign();
    stage.version = "0";
    const before = await stage.store.blob(`state/${ID}`);
    stage.task.stateError = { code: "LUA_ERROR", message: "getState: boom" };
    for (let rest = 0; rest < 2; rest++) {
      stage.session.sleep();
      await stage.run();
      t.equal(stage.session.isAsleep, true);
      stage.send();
      await stage.run();
    }
    t.equal(stage.heard.filter((name) => name === "log").length, 1);
    t.same(await stage.store.blob(`state/${ID}`), before);

    const dying = await foreign();
    dying.version = "0";
    dying.session.sleep();
    dying.task.die(1 + 1);
    await settled();
    t.equal(dying.session.isAsleep, true, "its thread may die of it");
    dying.send();
    await dying.run();
    dying.session.sleep();
    t.equal(dying.task.given.at(-1), "rest", "and then it is not asked for again");
    await dying.run();
  },
);

t.test("threads that die before they say anything are not replaced for ever", async (t) => {
  const stage = Stage.make();
  stage.start();
  for (let death = 0; death < 200 && stage.ends.length === 0; death++) {
    stage.task.die();
    await settled();
  }
  t.match(stage.ends, [{ code: "SESSION_ENDED" }]);
  t.ok(stage.tasks.length < 100);
});

t.test("a session that keeps ending threads ends, and what there was stays", async (t) => {
  const stage = Stage.make();
  stage.start();
  for (let event = 0; event < 20; event++) stage.send("stuck");
  await stage.run().catch(() => {});
  t.match(stage.ends, [{ code: "LIMIT_TIME" }]);
  t.equal(stage.tasks.length, 10);
});

t.test(
  "what was never answered before the process ended happens when the session is opened again, unless it cannot",
  async (t) => {
    const stage = Stage.make();
    stage.start();
    await stage.run();
    for (const fate of ["ok", "refuse", "ok", "kill", "stuck", "ok"]) stage.send(fate);
    await stage.reopen();
    await stage.run();
    t.same(stage.heard, ["started", "log", "log", "log", "resumed"], "and nobody hears more of it than the developer");
    t.same(await stage.kept(), ["0", "1", "3", "6"]);
    stage.send();
    await stage.run();
    t.same(numbersOf(stage.task.history), ["0", "1", "3", "6", "7"]);
    t.same(stage.heard.slice(5), ["7"]);
  },
);

t.test("an event that worked once and cannot be repeated ends the session: nobody sees another state", async (t) => {
  const stage = Stage.make();
  stage.start();
  stage.send();
  await stage.run();
  stage.cannotRepeat = true;
  stage.task.die();
  stage.send();
  await stage.run().catch(() => {});
  t.same(stage.heard, ["started", "1", "failed LIMIT_TIME"]);
  t.same(await stage.kept(), ["0", "1", "2"], "and all is kept");
});

t.test("a snapshot says who is connected after the events that are in it, not after those under way", async (t) => {
  const stage = Stage.make();
  stage.start();
  for (const text of [
    "connect 1 5\n1",
    "connect 2 6\n2",
    "disconnect 1 7\n3",
    "connect 3 8\n4\nrefuse",
    "disconnect 2 9\n5",
  ])
    void stage.session.send(text);
  for (let step = 0; step < 3; step++) stage.task.step();
  stage.task.image();
  stage.store.append = () => 0;
  const stored = await stage.store.load(ID);
  const head = Buffer.from(stored!.snapshot!.bytes).toString().split("\n")[0]!;
  const connections = [
    [1, 0],
    [2, 0],
  ];
  t.same(JSON.parse(head), { connections, connectionsEver: 2, time: 6 });
});

t.test("10,000 events with images leave nothing behind in it", async (t) => {
  const stage = Stage.make();
  stage.start();
  await stage.run();
  for (let event = 0; event < 10_000; event++) {
    stage.send(event % 10 === 0 ? "ask" : "ok");
    stage.task.step();
    stage.task.history.length = 0;
    stage.store.problems.length = 0;
    stage.heard.length = 0;
  }
  t.ok(((await stage.store.load(ID))?.records.length ?? 0) < 10);
  t.equal(stage.session.isQuiet, true);
  // What it knows of events that the task was given shows in what it makes of an image's position.
  stage.task.image();
  t.equal((await stage.store.load(ID))?.records.length, 0);
});

type Command =
  | { do: "send"; fate: string }
  | { do: "step" | "image" | "die" | "sleep" | "move" | "evacuate" | "misplace" }
  | { do: "safe" | "turn" | "reopen" | "upgrade" };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      fate: fc.constantFrom("ok", "ok", "ok", "ask", "ask", "refuse"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("send" as const), fate: fc.constantFrom("kill", "stuck") }) },
  { weight: 10, arbitrary: fc.constant({ do: "step" as const }) },
  { weight: 8, arbitrary: fc.constantFrom({ do: "safe" as const }, { do: "turn" as const }) },
  { weight: 2, arbitrary: fc.constantFrom({ do: "image" as const }, { do: "die" as const }, { do: "sleep" as const }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom({ do: "move" as const }, { do: "evacuate" as const }, { do: "misplace" as const }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: "reopen" as const }, { do: "upgrade" as const }) },
);

t.test(
  "whatever happens in whatever order: each event happens once or is refused, and answers come once, in order, when they are safe",
  async (t) => {
    const runs = Number(process.env["KEPT_RUNS"] ?? 400);
    let upgrades = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 80 }),
        fc.constantFrom<RecoveryStep>("rollback", "retry", "restart"),
        fc.boolean(),
        async (commands, strategy, hasSlept) => {
          const stage = Stage.make();
          stage.store.isHeld = true;
          stage.decide = async (_text, _error, attempts) => {
            await settled();
            return strategy === "retry" && attempts > 1 ? "rollback" : strategy;
          };
          /** What was sent and has not been answered: its number, its fate, its position. */
          let waiting: { number: string; fate: string; position: number }[] = [];
          /** What has happened. */
          let expected: { number: string; session: number }[] = [];
          let sessions = 0;
          const send = (fate: string): void => {
            waiting.push({ number: `${stage.sent}`, fate, position: stage.store.log.length + 1 });
            if (fate === "start") stage.start();
            else stage.send(fate);
          };
          stage.onMessage = (message) => {
            const name = nameOf(message);
            if (["resumed", "log"].includes(name)) return;
            if (name === "restarting") {
              if (typeof message === "object" && message.kind === "restarting" && message.state !== undefined)
                checkState(message.state);
              sessions = stage.sent;
              send("start");
              if (stage.version === "1") send("ok");
              return;
            }
            const event = waiting.shift();
            if (event === undefined) throw new Error(`${name} answers nothing`);
            const { number, fate, position } = event;
            if (position > stage.store.safe) throw new Error(`${number} was answered before it was safe`);
            if (name === "refused") {
              if (strategy !== "restart" && stage.version === "0" && ["ok", "ask", "start"].includes(fate))
                throw new Error(`${number} was refused`);
              return;
            }
            if (name !== number && !(name === "started" && fate === "start"))
              throw new Error(`${name} is no answer to ${number}`);
            expected.push({ number, session: Number(number) });
          };
          /** A portable state is what there once was. */
          const checkState = (state: string): void => {
            const before = stage.store.log.slice(0, stage.store.log.lastIndexOf("restart"));
            const texts = JSON.parse(state) as string[];
            if (texts.length === 0 || texts.some((text) => !before.includes(text)))
              stage.store.problems.push(`${texts.join()} was no state`);
            upgrades++;
          };
          send("start");
          if (hasSlept) {
            await stage.run();
            stage.session.sleep();
            await stage.run();
          }
          let bad = 0;
          for (const each of commands) {
            if (each.do === "send") {
              if (["kill", "stuck"].includes(each.fate) && ++bad > 4) continue;
              send(each.fate);
            } else if (each.do === "step") for (const task of stage.tasks) task.step();
            else if (each.do === "image") stage.task.image();
            else if (each.do === "die") stage.task.die();
            else if (each.do === "sleep") stage.session.sleep();
            else if (each.do === "move") stage.session.move();
            else if (each.do === "evacuate") stage.session.evacuate();
            else if (each.do === "misplace") stage.task.isMisplaced = true;
            else if (each.do === "safe") stage.store.makeSafe();
            else if (each.do === "turn") await settled();
            else if (strategy !== "restart") {
              if (each.do === "upgrade") {
                if (stage.version === "1" || !(await stage.store.blob(`state/${ID}`))) continue;
                stage.version = "1";
              }
              await stage.reopen();
              const happen = waiting.filter(({ fate }) => ["ok", "ask", "start"].includes(fate));
              expected.push(...happen.map(({ number }) => ({ number, session: Number(number) })));
              waiting = [];
            }
          }
          await stage.run();
          const history = expected.filter(({ session }) => session >= sessions).map(({ number }) => number);
          const problems = [...stage.store.problems, ...waiting.map(({ number }) => `${number} was not answered`)];
          if (stage.ends.some((error) => error)) problems.push("it has ended");
          const found = await stage.kept();
          if (found.join() !== history.join()) problems.push(`${found.join()} is kept instead of ${history.join()}`);
          if (problems.length > 0) throw new Error(problems.join("; "));
        },
      ),
      { numRuns: runs, seed: 7 },
    );
    t.ok(upgrades > 0, `${runs} runs, ${upgrades} with a portable state`);
  },
);
