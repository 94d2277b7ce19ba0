import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { starterSite } from "../../src/cli/starter-site.ts";
import { LIMITS } from "../../src/cli/load/options.ts";
import { readThreshold } from "../../src/cli/load/thresholds.ts";
import { load } from "../cli/run-load.ts";
import { startRealHost } from "../support/real-host.ts";

const page = fs.readFileSync(path.resolve(import.meta.dirname, "../../../docs/load-testing.md"), "utf8");

t.test("the script of docs/load-testing.md does what it says on the site that moonpool init makes", async (t) => {
  const { origin } = await startRealHost(t, { ...starterSite });
  const [, text = ""] = /```json\n([^]*?)```/.exec(page) ?? [];
  const script = JSON.parse(text) as object;
  const { code, result } = await load(t, origin, script, ["-n", "3", "--rounds", "3", "--think", "0"]);
  t.equal(code, 0);
  t.same(result.errors.byCode, []);
  t.equal(result.users.rounds, 9);
});

t.test(
  "the conditions that docs/load-testing.md names are understood, and its limits are those of the code",
  async (t) => {
    const conditions = Array.from(
      page.matchAll(/--fail-if '([^']+)'|`([\w.]+ ?[<>] ?[\d.]+\w*%?)`/g),
      ([, given, named]) => given ?? named ?? "",
    );
    t.ok(conditions.length >= 7, String(conditions));
    for (const condition of conditions) t.ok(readThreshold(condition), condition);
    for (const most of [LIMITS.sessions, LIMITS.opening]) t.match(page, `at most ${most.toLocaleString("en")}`);
  },
);
