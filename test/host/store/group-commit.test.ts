import t from "tap";
import { GroupCommit } from "../../../src/host/store/group-commit.ts";

/** Writes groups when it is told to. */
class Gate {
  readonly groups: string[][] = [];
  #next: { resolve(): void; reject(error: Error): void } | undefined;
  #asked: (() => void) | undefined;

  readonly write = (group: string[]): Promise<void> => {
    this.groups.push([...group]);
    return new Promise((resolve, reject) => {
      this.#next = { resolve, reject };
      this.#asked?.();
    });
  };

  /** Waits until a group is to be written, and writes it, or fails to. */
  async let(error?: Error): Promise<void> {
    if (!this.#next) await new Promise<void>((resolve) => (this.#asked = resolve));
    const next = this.#next;
    this.#next = undefined;
    this.#asked = undefined;
    if (error) next?.reject(error);
    else next?.resolve();
  }
}

t.test("what is added in one turn is one group, what is added while it is written the next", async (t) => {
  const gate = new Gate();
  const commit = new GroupCommit(gate.write);
  t.equal(commit.flushed(), undefined);
  commit.add("a");
  commit.add("b");
  const first = commit.flushed();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  t.strictSame(gate.groups, [["a", "b"]]);
  const underWay = commit.flushed();
  commit.add("c");
  commit.add("d");
  const second = commit.flushed();
  await gate.let();
  await Promise.all([first, underWay]);
  t.not(commit.flushed(), undefined);
  await gate.let();
  await second;
  t.strictSame(gate.groups, [
    ["a", "b"],
    ["c", "d"],
  ]);
  t.equal(commit.flushed(), undefined);
});

t.test("a group that fails stays in front of what is added later; each who waits is told how it went", async (t) => {
  const gate = new Gate();
  const commit = new GroupCommit(gate.write);
  commit.add("a");
  const first = commit.flushed();
  const failed = t.rejects(first ?? Promise.reject(new Error("nothing waits")), { message: "full" });
  await gate.let(new Error("full"));
  await failed;
  commit.add("b");
  const second = commit.flushed();
  await gate.let();
  await second;
  t.strictSame(gate.groups, [["a"], ["a", "b"]]);
  t.equal(commit.flushed(), undefined);
});

t.test("nobody has to wait for a group that fails", async (t) => {
  const gate = new Gate();
  const commit = new GroupCommit(gate.write);
  commit.add("a");
  await gate.let(new Error("full"));
  await gate.let();
  t.strictSame(gate.groups, [["a"], ["a"]]);
});

t.test("closing writes what is under way and what waits, and tries a failed group once more at once", async (t) => {
  const gate = new Gate();
  const commit = new GroupCommit(gate.write);
  commit.add("a");
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  commit.add("b");
  const closed = commit.close();
  await gate.let();
  await gate.let();
  await closed;
  t.strictSame(gate.groups, [["a"], ["b"]]);

  const other = new GroupCommit(gate.write);
  other.add("c");
  await gate.let(new Error("full"));
  const end = t.rejects(other.close(), { message: "still full" });
  await gate.let(new Error("still full"));
  await end;
  t.strictSame(gate.groups.slice(2), [["c"], ["c"]]);
});
