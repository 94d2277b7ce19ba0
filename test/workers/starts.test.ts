import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { readOutcomeHead } from "../../src/protocol/outcome.ts";
import { decodeImage, encodeImage } from "../../src/protocol/session-image.ts";
import { startParts } from "../../src/workers/starts.ts";
import { root } from "../support/demo.ts";
import { randomOf } from "../support/random-template.ts";
import { SEED, startEvent, VmSite, VmUser } from "../support/vm-session.ts";
import { startPartsOf } from "../support/lua-session.ts";

const NOW = 1_700_000_000_000;
const first = await VmSite.load(root);

/** A site whose files are older than the resolution of the file system's clock. */
function makeSite(t: Test, lua: Record<string, string>): string {
  const dir = t.testdir({ lua });
  for (const name of Object.keys(lua)) age(path.join(dir, "lua", name));
  return dir;
}

/** A file's change time cannot be set: waits until it is in the past. */
function age(file: string): void {
  while (Date.now() - fs.statSync(file).ctimeMs <= 25);
}

/** The demo, with a main.lua that asks for the time, so that each session runs it for itself. */
const own = t.testdir({});
for (const folder of ["lua", "viewdefs"])
  fs.cpSync(path.join(root, folder), path.join(own, folder), { recursive: true });
const main = path.join(own, "lua/main.lua");
fs.writeFileSync(main, `os.time() ${fs.readFileSync(main, "utf8")}`);
age(main);

const load = (dir: string): Promise<VmSite> => VmSite.load(dir, first);

for (const hotload of [false, true]) {
  for (const seed of [1, 2, 3]) {
    t.test(
      `a demo session that starts like others answers as one that ran main.lua: user ${seed}, hotload ${hotload}`,
      async (t) => {
        const [ran, begun] = [await load(own), await load(root)];
        const parts = startPartsOf(startEvent(NOW, { hotload }));
        t.equal(ran.load(parts).image, undefined);
        const { image } = first.load(startPartsOf(startEvent(NOW - 99_999, { hotload }, "9".repeat(32))));
        if (!image) throw new Error("the demo's start is the same for all");
        begun.vm.loadImage(image);
        begun.dispatch(parts.begin);
        const users = [ran, begun].map((site) => new VmUser(site, NOW + 5));
        for (const user of users) {
          const random = randomOf(seed);
          for (let act = 0; act < 120; act++) user.act(random);
        }
        const [expected, found] = users.map(({ outcomes }) => outcomes);
        t.ok(new Set(expected).size > 60, "the user does something");
        t.strictSame(found, expected);
        for (const { vm } of [ran, begun]) vm.close();
      },
    );
  }
}

t.test(
  "the first session and one that is begun later from its base, in another VM, are the same to the last byte",
  async (t) => {
    const [one, other] = [await load(root), await load(root)];
    const start = startEvent(NOW, { hotload: true });
    const known = one.load(startPartsOf(start));
    if (!known.image) throw new Error("the demo's start is the same for all");
    other.vm.loadImage(known.image);
    for (const site of [one, other]) {
      site.dispatch(startPartsOf(start).begin);
      const user = new VmUser(site, NOW);
      const random = randomOf(7);
      for (let act = 0; act < 30; act++) user.act(random);
    }
    t.strictSame(Buffer.from(encodeImage(one.vm.saveImage())), Buffer.from(encodeImage(other.vm.saveImage())));
    t.strictSame(other.vm.saveImage({ tidy: true }), one.vm.saveImage({ tidy: true }), "also tidied");
  },
);

t.test(
  "all threads come to the same base, but for traces of the start's own text in memory that is not used",
  async (t) => {
    const other = await VmSite.load(root);
    const parts = startPartsOf(startEvent(NOW));
    t.equal(other.load(parts).base.name, first.load(parts).base.name);
    const [one, two] = [other.load(parts), first.load(startPartsOf(startEvent(NOW + 9, {}, "f".repeat(32))))];
    t.equal(one.base.bytes.length, two.base.bytes.length);
    const different = one.base.bytes.filter((byte, at) => byte !== two.base.bytes[at]).length;
    t.ok(different <= 100, `${different} bytes`);
    t.not(first.load(startPartsOf(startEvent(NOW, { hotload: true }))).base.name, other.load(parts).base.name);
  },
);

t.test("a session that has just begun is next to nothing, a busy one a fraction of what it was", async (t) => {
  const site = await load(root);
  const parts = startPartsOf(startEvent(NOW));
  site.load(parts);
  site.dispatch(parts.begin);
  t.ok(site.vm.saveImage().data.length < 32_768, "a few blocks");
  site.event("connect", 1, NOW, "{}");
  const based = site.vm.saveImage().data.length;
  site.vm.loadImage(null);
  site.dispatch(parts.load);
  site.dispatch(parts.begin);
  site.event("connect", 1, NOW, "{}");
  t.ok(based < (site.vm.saveImage().data.length * 2) / 3);
});

for (const [what, main] of Object.entries({
  "os.time": "x = os.time()",
  "os.date": `x = os.date("!%H")`,
  "the time as a default of os.date": `x = os.date()`,
  "math.random": "x = math.random()",
  "math.random kept by a variable": "local random = math.random x = random(10)",
  "math.randomseed": "math.randomseed(7) x = math.random()",
  "math.randomseed without a number": "math.randomseed() x = 1",
  "os.time in a file that it requires": `x = require("other")`,
  "os.time in a function that it calls under pcall": "pcall(function() x = os.time() error('caught') end)",
  "os.time in a coroutine": "x = coroutine.wrap(os.time)()",
  "os.time in mutate": `local P = session:prototype("P", { a = 1 }) local p = P:new() function P:mutate() x = os.time() end
    session:prototype("P", { b = 1 })`,
})) {
  t.test(`each session runs main.lua itself when it asks for what is its own: ${what}`, async (t) => {
    const site = await load(makeSite(t, { "main.lua": main, "other.lua": "return os.time()" }));
    const start = site.load(startPartsOf(startEvent(NOW)));
    t.equal(start.image, undefined);
    t.equal(site.starts.find(startPartsOf(startEvent(NOW))), start, "which is known from then on");
    const image = site.vm.saveImage();
    t.equal(image.base, start.base, "its images are a difference to a base all the same");
    site.vm.loadImage(null);
    site.dispatch(startPartsOf(startEvent(NOW)).load);
    site.vm.rebase(start.base);
    t.strictSame(site.vm.saveImage(), image, "the first session is like those after it");
    t.ok(image.data.length < 262_144);
  });
}

for (const [what, main] of Object.entries({
  "time of day that is given": "x = os.time{ year = 2020, month = 1, day = 2 }",
  "a date that is given": `x = os.date("!%Y", 86400)`,
  "its own clock, which is 0": "x = os.clock()",
  "text that it prints": `print("hello")`,
  "files that are not there": `pcall(require, "absent")`,
  timers: "session:setTimeout(function() end, 10)",
}))
  t.test(`sessions share what has nothing of their own in it: ${what}`, async (t) => {
    const site = await load(makeSite(t, { "main.lua": main }));
    t.ok(site.load(startPartsOf(startEvent(NOW))).image);
  });

t.test("each session has its own time and random numbers, the same ones as if it had run main.lua", async (t) => {
  const main = `local App = session:prototype("App", {})
    function App:own() return os.time() .. " " .. os.clock() .. " " .. math.random(1 << 40) .. " " .. os.date("!%M", nil) end
    session:createAppVariable(App:new())`;
  const dir = makeSite(t, { "main.lua": main });
  fs.mkdirSync(path.join(dir, "viewdefs"));
  fs.writeFileSync(path.join(dir, "viewdefs/App.DEFAULT.html"), `<template><b ui-value="own()"></b></template>`);
  const site = await load(dir);
  const ran = await load(dir);
  const { image } = site.load(startPartsOf(startEvent(NOW)));
  if (!image) throw new Error("this start is the same for all");
  fs.writeFileSync(path.join(dir, "lua/main.lua"), `os.time() ${main}`);
  const answers = new Set<string>();
  for (const [time, seed] of [
    [NOW, SEED],
    [NOW, "7".repeat(32)],
    [NOW + 60_000, SEED],
  ] as const) {
    const parts = startPartsOf(startEvent(time, {}, seed));
    site.vm.loadImage(image);
    site.dispatch(parts.begin);
    const begun = new VmUser(site, time + 1000).outcomes;
    t.equal(ran.load(parts).image, undefined);
    t.strictSame(begun, new VmUser(ran, time + 1000).outcomes);
    answers.add(begun.join());
  }
  t.equal(answers.size, 3);
});

t.test("timers that main.lua sets count from the beginning of each session", async (t) => {
  const main = `session:setTimeout(function() print("once") end, 50) session:setInterval(function() print("again") end, 70)`;
  const site = await load(makeSite(t, { "main.lua": main }));
  const { image, due } = site.load(startPartsOf(startEvent(NOW)));
  t.equal(due, 50);
  for (const time of [NOW, NOW + 5000]) {
    site.vm.loadImage(image ?? null);
    const outcome = site.dispatch(startPartsOf(startEvent(time)).begin);
    t.equal(readOutcomeHead(outcome).nextTimer, time + 50);
    t.equal(readOutcomeHead(site.event("timer", 0, time + 50)).nextTimer, time + 70);
    t.equal(readOutcomeHead(site.event("timer", 0, time + 71)).nextTimer, time + 140);
    t.strictSame(site.log.splice(0), ["info\nonce\n", "info\nagain\n"]);
  }
});

t.test("what main.lua logs is kept; if it is too much each session says it itself", async (t) => {
  const site = await load(makeSite(t, { "main.lua": `print("a") ui.log(1, "b")` }));
  t.strictSame(site.load(startPartsOf(startEvent(NOW))).log, ["info\na\n", "debug\nb\n"]);
  const chatty = await load(makeSite(t, { "main.lua": `for i = 1, 5000 do print(i) end` }));
  const parts = startPartsOf(startEvent(NOW));
  t.ok(chatty.load(parts).image);
  t.equal(chatty.starts.find(parts), undefined);
});

t.test(
  "the next session is the first again when a file is another one than before, or there now, or gone",
  async (t) => {
    const dir = makeSite(t, {
      "main.lua": `require("part") pcall(require, "optional")`,
      "part.lua": "return 1",
      "unused.lua": "",
      "real.lua": "",
    });
    const file = (name: string): string => path.join(dir, "lua", name);
    fs.symlinkSync("real.lua", file("link.lua"));
    fs.writeFileSync(file("main.lua"), `require("part") require("link") pcall(require, "optional")`);
    age(file("main.lua"));
    const site = await load(dir);
    const parts = startPartsOf(startEvent(NOW));
    const isKnown = (): boolean => site.starts.find(parts) !== undefined;
    const changes: [string, () => void][] = [
      ["written to", () => fs.appendFileSync(file("part.lua"), " ")],
      [
        "replaced by one of the same size and time",
        () => {
          const { atime, mtime } = fs.statSync(file("part.lua"));
          fs.writeFileSync(file("new"), "return 2 ");
          fs.utimesSync(file("new"), atime, mtime);
          fs.renameSync(file("new"), file("part.lua"));
        },
      ],
      ["written to, where a link leads", () => fs.appendFileSync(file("real.lua"), " ")],
      [
        "another that a link leads to",
        () => (fs.rmSync(file("link.lua")), fs.symlinkSync("unused.lua", file("link.lua"))),
      ],
      ["there now", () => fs.writeFileSync(file("optional.lua"), "")],
      ["gone", () => fs.rmSync(file("optional.lua"))],
    ];
    for (const [what, change] of changes) {
      site.load(parts);
      t.ok(isKnown());
      change();
      t.notOk(isKnown(), what);
      for (const name of fs.readdirSync(path.join(dir, "lua"))) age(file(name));
    }
    site.load(parts);
    fs.writeFileSync(file("stranger.lua"), "");
    t.ok(isKnown(), "a file that main.lua does not lead to is none of its business");
  },
);

t.test("a file that was written a moment ago is not trusted: it may be written again", async (t) => {
  const dir = makeSite(t, { "main.lua": "" });
  const site = await load(dir);
  const parts = startPartsOf(startEvent(NOW));
  const { ctimeMs } = fs.statSync(path.join(dir, "lua/main.lua"));
  const { now } = Date;
  Date.now = () => Math.ceil(ctimeMs);
  try {
    site.load(parts);
    t.notOk(site.starts.find(parts));
    Date.now = now;
    t.notOk(site.starts.find(parts));
  } finally {
    Date.now = now;
  }
  site.load(parts);
  t.ok(site.starts.find(parts));
});

t.test("viewdefs that have changed make the next session the first", async (t) => {
  const site = await load(root);
  const parts = startPartsOf(startEvent(NOW));
  site.load(parts);
  t.ok(site.starts.find(parts));
  site.starts.replacePlans(new Map());
  t.notOk(site.starts.find(parts));
});

t.test("a main.lua that fails is known to nobody: it may be mended", async (t) => {
  const parts = startPartsOf(startEvent(NOW));
  const site = await load(makeSite(t, { "main.lua": `error("no way")` }));
  const { outcome, start } = site.make(parts);
  t.match(readOutcomeHead(outcome).failure, { code: "LUA_ERROR", file: "lua/main.lua", line: 1 });
  t.equal(start, undefined);
  t.equal(site.starts.find(parts), undefined);
});

t.test("only what a host sends is taken apart", (t) => {
  t.same(startParts(`start 0 17\n{"seed":"${SEED}","development":true}`), {
    load: `load 0 17\n${SEED}\n{"development":true}`,
    begin: `begin 0 17\n${SEED}`,
    options: `{"development":true}`,
    time: 17,
  });
  for (const text of [
    "frame 0 1\n1",
    "start 0 17\n{}",
    `start 0 17\n{"seed":"short","a":1}`,
    `x start 0 1\n{"seed":"${SEED}",`,
  ])
    t.equal(startParts(text), undefined);
  t.end();
});

t.test("a session of the demo goes on from bytes that were kept, in another VM", async (t) => {
  const [one, other] = [await load(root), await load(root)];
  const parts = startPartsOf(startEvent(NOW));
  const { base } = one.load(parts);
  one.dispatch(parts.begin);
  const user = new VmUser(one, NOW);
  const random = randomOf(11);
  for (let act = 0; act < 20; act++) user.act(random);
  const kept = encodeImage(one.vm.saveImage({ tidy: true }));
  other.vm.loadImage(decodeImage(kept, base));
  const ask = (site: VmSite): string => site.event("connect", 2, NOW + 1e6, "{}");
  t.equal(ask(other), ask(one));
});
