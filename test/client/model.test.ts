import t from "tap";
import { CHANGED, Model } from "../../src/client/model.ts";

const make = () => {
  const failures: unknown[] = [];
  return { failures, model: new Model((error) => failures.push(error)) };
};

t.test("watchers hear of a frame once, after all of it is stored", async (t) => {
  const { model } = make();
  const seen: unknown[] = [];
  model.view({ type: "view", id: 1, viewdef: "A.B", first: 2, values: ["a", "b"] });
  model.notify();
  const two = model.claim(2);
  model.watch(two, (changes) => seen.push([changes, two.value, model.get(3)?.value]));
  model.update({ type: "update", id: 2, value: "x" }, {}, 0);
  model.update({ type: "update", id: 2, error: { code: "PATH_NIL", message: "" } }, { color: "red" }, 0);
  model.update({ type: "update", id: 3, value: "y" }, {}, 0);
  t.same(seen, []);
  model.notify();
  t.same(seen, [[CHANGED.value | CHANGED.error | CHANGED.properties, "x", "y"]]);
});

t.test("a watcher added while others are told has seen that frame already", async (t) => {
  const { model } = make();
  let called = 0;
  model.watch(model.claim(1), () => model.watch(model.claim(2), () => called++));
  model.view({ type: "view", id: 1, viewdef: "A.B", first: 2, values: ["a"] });
  model.update({ type: "update", id: 2, value: "b" }, {}, 0);
  model.notify();
  t.equal(called, 0);
  model.update({ type: "update", id: 2, value: "c" }, {}, 0);
  model.notify();
  t.equal(called, 1);
});

t.test("a list may begin with more rows than a call can take arguments", async (t) => {
  const { model } = make();
  const count = 200_000;
  model.list({ type: "list", id: 1, place: [{ row: 10, count, before: 0 }] });
  t.equal(model.get(1)?.rows.length, count);
  t.equal(model.get(1)?.rows.at(-1), 10 + count - 1);
});

t.test("everything below a replaced view, a removed row and a destroyed parent is forgotten", async (t) => {
  const { model } = make();
  model.view({ type: "view", id: 1, viewdef: "A", first: 2, values: [null, null] });
  model.view({ type: "view", id: 2, viewdef: "B", first: 4, values: [null] });
  model.list({ type: "list", id: 3, place: [{ row: 10, count: 3, before: 0 }] });
  model.view({ type: "view", id: 11, viewdef: "C", first: 20, values: [null] });
  model.claim(-1);
  model.claim(20).created = new Set([-1]);
  model.update({ type: "update", id: 20, error: { code: "PATH_NIL", message: "" } }, {}, 0);
  model.notify();
  t.equal(model.variables.size, 9);
  t.equal(model.errors.size, 1);
  model.list({ type: "list", id: 3, remove: [11] });
  t.same(new Set(model.variables.keys()), new Set([1, 2, 3, 4, 10, 12]));
  t.equal(model.errors.size, 0);
  model.view({ type: "view", id: 1, viewdef: null });
  t.same([...model.variables.keys()], [1]);
});

t.test("what no view, list or create claims by the end of its frame is dropped", async (t) => {
  const { model } = make();
  model.update({ type: "update", id: 77, value: 1 }, {}, 0);
  model.notify();
  t.equal(model.get(77), undefined);
});

t.test("a value is stale as long as its frame does not acknowledge our last write", async (t) => {
  const { model } = make();
  const variable = model.claim(1);
  model.write(variable, "ours");
  model.update({ type: "update", id: 1, value: "theirs" }, {}, 100);
  t.equal(variable.value, "ours");
  variable.written = 5;
  model.update({ type: "update", id: 1, value: "theirs", error: { code: "PATH_NIL", message: "" } }, {}, 4);
  t.equal(variable.value, "ours");
  t.ok(variable.error, "its error is not");
  model.update({ type: "update", id: 1, value: "answer" }, {}, 5);
  t.equal(variable.value, "answer");
});

t.test("an empty text unsets a property", async (t) => {
  const { model } = make();
  model.update({ type: "update", id: 1 }, { a: 1, b: "x" }, 0);
  model.update({ type: "update", id: 1 }, { b: "" }, 0);
  t.same(model.get(1)?.properties, { a: 1 });
});

t.test("a watcher that throws does not keep others from being told", async (t) => {
  const { model, failures } = make();
  let called = 0;
  model.watch(model.claim(1), () => {
    throw new Error("planned");
  });
  model.watch(model.claim(1), () => called++);
  model.update({ type: "update", id: 1, value: 1 }, {}, 0);
  model.notify();
  t.equal(called, 1);
  t.equal(failures.length, 1);
});
