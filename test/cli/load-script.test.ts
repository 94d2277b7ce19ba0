import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { parseScript, readScriptFile } from "../../src/cli/load/script/read-script.ts";
import { MoonpoolError } from "../../src/protocol/main.ts";

function faultOf(text: string): string {
  try {
    parseScript(text, "s.json");
  } catch (error) {
    if (error instanceof MoonpoolError && error.code === "LOAD_SCRIPT") return error.message;
    throw error;
  }
  return "none";
}

/** The fault of a script with these steps, which begin in line 3 and column 3. */
const faultOfSteps = (steps: string): string => faultOf(`{ "moonpool-load": 1,\n"steps": [\n  ${steps} ] }`);

t.test("every kind of step is read, comments and all", async (t) => {
  const script = parseScript(
    `{
      // by hand
      "moonpool-load": 1,
      "think": "200..800",
      "begin": [{ "press": "App.start()" }],
      "steps": [
        { "write": "App.name", "value": "Ann" },
        { "press": "Row.remove()", "row": 3 },
        { "press": "Row.set(_)", "row": "last", "value": { "x": 1 }, "event": false },
        { "type": "App.name", "text": "abc", "pause": "0.1s..0.2s" },
        { "scroll": "App.rows", "start": 100, "count": 50 },
        { "together": [{ "write": "App.name", "value": null }, { "press": "App.add()", "row": "any" }] },
        { "wait": 5 }, { "reload": true }, { "drop": "1s" }, { "leave": "1..2" },
        { "repeat": 3, "steps": [{ "expect": "App.n", "value": 3 }] },
        { "choose": [{ "weight": 2, "steps": [{ "read": "App.n", "row": -2 }] }, { "steps": [] }] },
      ],
    }`,
    "s.json",
  );
  t.same(script.think, { from: 200, to: 800 });
  t.same(script.begin, [
    { do: "act", isAwaited: true, deeds: [{ do: "press", at: "App.start()", which: 1, value: null }] },
  ]);
  t.same(script.steps, [
    { do: "act", isAwaited: true, deeds: [{ do: "write", at: "App.name", which: 1, value: "Ann" }] },
    { do: "act", isAwaited: true, deeds: [{ do: "press", at: "Row.remove()", which: 3, value: null }] },
    { do: "act", isAwaited: false, deeds: [{ do: "press", at: "Row.set(_)", which: -1, value: { x: 1 } }] },
    { do: "type", at: "App.name", which: 1, text: "abc", pause: { from: 100, to: 200 } },
    { do: "act", isAwaited: true, deeds: [{ do: "scroll", at: "App.rows", which: 1, start: 100, count: 50 }] },
    {
      do: "act",
      isAwaited: true,
      deeds: [
        { do: "write", at: "App.name", which: 1, value: null },
        { do: "press", at: "App.add()", which: "any", value: null },
      ],
    },
    { do: "wait", time: { from: 5, to: 5 } },
    { do: "reload" },
    { do: "drop", time: { from: 1_000, to: 1_000 } },
    { do: "leave", time: { from: 1, to: 2 } },
    { do: "repeat", times: 3, steps: [{ do: "expect", at: "App.n", which: 1, value: 3 }] },
    {
      do: "choose",
      from: [
        { weight: 2, steps: [{ do: "read", at: "App.n", which: -2 }] },
        { weight: 1, steps: [] },
      ],
    },
  ]);
});

t.test("what is wrong with a script is said with its file, line and column", async (t) => {
  t.match(faultOf(""), /^s\.json:1:1: this is not JSON/);
  t.match(faultOf('{ "moonpool-load": 1,\n "steps" [] }'), /^s\.json:2:10: this is not JSON/);
  t.equal(faultOf("[]"), "s.json:1:1: a script is an object.");
  t.equal(faultOf('{ "steps": [] }'), 's.json:1:1: "moonpool-load" is missing.');
  t.equal(faultOf('{ "moonpool-load": 2, "steps": [] }'), "s.json:1:20: this version reads scripts of format 1.");
  t.equal(faultOf('{ "moonpool-load": 1, "steps": [] }'), "s.json:1:32: there is nothing in it.");
  t.match(faultOf('{ "moonpool-load": 1,\n"stpes": [] }'), /^s\.json:2:1: there is no "stpes" in a script with /);
  t.match(
    faultOf('{ "moonpool-load": 1, "moonpool-load": 1, "steps": [] }'),
    /^s\.json:1:23: "moonpool-load" is given twice/,
  );
  t.equal(faultOfSteps('"reload"'), "s.json:3:3: a step is an object.");
  t.match(faultOfSteps('{ "click": "App.add()" }'), /^s\.json:3:3: a step has one of "press", "write", /);
  t.match(faultOfSteps('{ "press": "App.a()", "write": "App.b" }'), /^s\.json:3:3: a step has one of .*, not 2\.$/);
  t.match(
    faultOfSteps('{ "press": "App.a()", "vlaue": 1 }'),
    /^s\.json:3:25: there is no "vlaue" in a step with "press", "row", /,
  );
  t.match(faultOfSteps('{ "press": "add()" }'), /^s\.json:3:14: "add\(\)" is no address/);
  t.match(faultOfSteps('{ "press": 3 }'), /^s\.json:3:14: this has to be an address/);
  t.equal(faultOfSteps('{ "write": "App.a" }'), 's.json:3:3: "value" is missing.');
  t.match(faultOfSteps('{ "press": "App.a()", "row": 0 }'), /^s\.json:3:32: this has to be a row/);
  t.match(faultOfSteps('{ "wait": "5..1" }'), /^s\.json:3:13: this has to be ms/);
  t.match(faultOfSteps('{ "wait": "1..2..3" }'), /^s\.json:3:13: this has to be ms/);
  t.match(faultOfSteps('{ "wait": -1 }'), /^s\.json:3:13: this has to be ms/);
  t.match(faultOfSteps('{ "wait": "25h" }'), /^s\.json:3:13: this has to be ms/);
  t.match(
    faultOfSteps('{ "repeat": 0, "steps": [{ "wait": 1 }] }'),
    /^s\.json:3:15: this has to be how often, a whole number, 1 to/,
  );
  t.match(faultOfSteps('{ "scroll": "App.rows", "start": 0, "count": 5000 }'), /^s\.json:3:48: .*1 to 1000/);
  t.match(
    faultOfSteps('{ "together": [{ "wait": 1 }] }'),
    /^s\.json:3:18: one of them has one of "press", "write", "scroll"/,
  );
});

t.test(
  "a value that the site would refuse for its depth is refused, and so is one that breaks the stack",
  async (t) => {
    const value = (depth: number): string =>
      `{ "write": "App.a", "value": ${'[{"x":'.repeat(depth)}1${"}]".repeat(depth)} }`;
    t.equal(faultOfSteps(value(16)), "none");
    for (const depth of [17, 1_000])
      t.equal(faultOfSteps(value(depth)), "s.json:3:32: a value is nested more than 32 deep.");
  },
);

t.test("a script that would never end to be read is refused", async (t) => {
  const nested = (depth: number): string =>
    depth === 0 ? '{ "wait": 1 }' : `{ "repeat": 1, "steps": [${nested(depth - 1)}] }`;
  t.equal(faultOfSteps(nested(7)), "none");
  t.match(faultOfSteps(nested(8)), /steps are nested more than 8 deep/);
  t.match(faultOfSteps(Array(20_001).fill('{ "wait": 1 }').join(",")), /a script has at most 20000 steps/);
  t.equal(faultOf("[".repeat(100_000)), "s.json:1:1: it is nested too deeply.");
});

t.test("a file that is not there, or too large, is named", async (t) => {
  const dir = t.testdir({ "large.json": " ".repeat(4 * 2 ** 20 + 1) });
  for (const [name, fault] of Object.entries({
    "large.json": /larger than 4 MiB/,
    "none.json": /cannot be read: ENOENT/,
  })) {
    const file = path.join(dir, name);
    t.throws(() => readScriptFile(file), { code: "LOAD_SCRIPT", message: fault });
    t.throws(() => readScriptFile(file), { message: file });
  }
  t.equal(fs.existsSync(path.join(dir, "none.json")), false);
});
