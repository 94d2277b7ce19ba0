import t from "tap";
import type { LoadResult } from "../../src/cli/load/run.ts";
import { counter, startRealHost } from "../support/real-host.ts";
import { load, play, rowsSite } from "./run-load.ts";

t.test("what the report counts is what the Lua code counts, over reloads, lost sockets and pages left", async (t) => {
  const { origin, app } = await startRealHost(t, rowsSite, { metrics: true });
  const { code, out, err, result } = await load(
    t,
    origin,
    {
      begin: [{ repeat: 3, steps: [{ press: "App.add()" }] }],
      steps: [
        { write: "App.name", value: "user ${user}, round ${round}" },
        { expect: "App.name", value: "user ${user}, round ${round}" },
        { press: "Row.hit()", row: 2 },
        { press: "Row.list-item.hit()", row: "any" },
        { reload: true },
        { press: "Row.hit()", row: "last" },
        { drop: 5 },
        { together: [{ press: "App.add()" }, { press: "Row.hit()", row: 1 }] },
        { leave: 5 },
        { press: "Row.remove()", row: -1 },
      ],
      end: [{ read: "App.count" }, { read: "App.hits" }, { read: "Row.hits", row: 2 }],
    },
    ["--sessions", "6", "--rounds", "4"],
  );
  t.equal(code, 0, err);
  t.match(out, /6 users .* played 24 rounds/);
  t.same(result.errors.byCode, []);
  t.equal(result.ended, "rounds");
  t.equal(result.events.sent, 6 * (3 + 4 * 6));
  t.equal(result.events.answered, result.events.sent);
  t.same(result.readings["App.count"], { count: 6, sum: 6 * (3 + 4), least: 7, most: 7 });
  t.same(result.readings["App.hits"], { count: 6, sum: 6 * 4 * 4, least: 16, most: 16 });
  t.ok((result.readings["Row.hits"]?.least ?? 0) >= 4, "of several rows the one that is named");
  t.equal(result.server?.grown["events.frame"], result.events.sent, "the host counts the same");
  t.equal(result.server?.grown["sessionsStarted"], 6);
  t.equal(app.moonpool.statistics().events.frame, result.events.sent);
  const { event, quiet, resume, page, open } = result.times;
  t.equal((event?.count ?? 0) + (quiet?.count ?? 0), result.events.sent);
  t.equal(resume?.count, 24);
  t.equal(page?.count, 6 + 2 * 24);
  t.equal(open?.count, 6);
  t.equal(
    result.timeline.reduce((sum, { events }) => sum + events, 0),
    result.events.answered,
  );
});

t.test("the seed decides what is done, so a run can be repeated", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const script = {
    begin: [{ repeat: 5, steps: [{ press: "App.add()" }] }],
    steps: [
      { choose: [{ weight: 3, steps: [{ press: "Row.hit()", row: "any" }] }, { steps: [{ press: "App.add()" }] }] },
    ],
    end: [{ read: "App.count" }, { read: "App.hits" }],
  };
  const readings = async (seed: number): Promise<LoadResult["readings"]> =>
    (await play(origin, script, { sessions: 3, rounds: 10, seed })).readings;
  const first = await readings(5);
  t.same(await readings(5), first);
  t.notSame(await readings(6), first);
});

t.test("users come at a rate, play their rounds and make room for others; who finds no room is counted", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const script = { steps: [{ press: "App.add()" }, { wait: 600 }], end: [{ read: "App.count" }] };
  const result = await play(origin, script, { sessions: 4, rounds: 1, rate: 20, duration: 3_000 });
  t.equal(result.ended, "time");
  t.ok(result.users.come > 4, "others came after them");
  t.ok(result.users.most <= 4);
  t.ok((result.errors.byCode.find(({ code }) => code === "LOAD_FULL")?.count ?? 0) > 0);
  t.equal(result.readings["App.count"]?.sum, result.events.answered);
});

t.test("errors of the Lua code are counted by their code, and the users go on", async (t) => {
  const { origin } = await startRealHost(t, rowsSite);
  const script = { steps: [{ press: "App.fail()" }, { press: "App.add()" }], end: [{ read: "App.count" }] };
  const { code, out, result } = await load(t, origin, script, ["-n", "2", "--rounds", "3", "--fail-if", "errors>50%"]);
  t.same(
    result.errors.byCode.map(({ code, count }) => [code, count]),
    [["LUA_ERROR", 6]],
  );
  t.match(result.errors.byCode[0]?.message, /on purpose/);
  t.equal(result.readings["App.count"]?.sum, 6);
  t.match(out, /LUA_ERROR/);
  t.equal(code, 0, "6 errors, 12 events and 2 users are less than half");
});

t.test("conditions decide the exit code, and all are told", async (t) => {
  const { origin } = await startRealHost(t, counter);
  const script = { steps: [{ press: "App.press()" }] };
  const held = ["--fail-if", "p99<0.001", "--fail-if", "events<5", "--fail-if", "resume.p50>1"];
  const { code, out, result } = await load(t, origin, script, ["-n", "1", "--rounds", "5", ...held]);
  t.equal(code, 1);
  t.same(
    result.thresholds.map(({ text, isMissed }) => [text, isMissed]),
    [
      ["p99<0.001", false],
      ["events<5", false],
      ["resume.p50>1", true],
    ],
  );
  t.match(out, /FAILED --fail-if 'resume\.p50>1' \(never measured\)/);
  t.match(out, /ok {5}--fail-if 'events<5' \(5\)/);
});
