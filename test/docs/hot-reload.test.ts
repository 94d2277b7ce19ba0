import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { LuaSession } from "../support/lua-session.ts";
import { startRealHost } from "../support/real-host.ts";
import { writeSiteFile } from "../support/site.ts";

const page = fs.readFileSync(path.resolve(import.meta.dirname, "../../../docs/hot-reload.md"), "utf8");

/** The code blocks of a language. */
function blocks(language: string): string[] {
  return Array.from(page.matchAll(/```(\w+)\n([^]*?)```/g)).flatMap(([, name, text]) =>
    name === language ? [text ?? ""] : [],
  );
}

/** The code block with this text in it. */
function block(t: Test, language: string, text: string): string {
  const found = blocks(language).filter((code) => code.includes(text));
  t.equal(found.length, 1, text);
  return found[0] ?? "";
}

t.test(
  "a new widget appears while the app runs, in whatever order its files are saved, and can be edited",
  async (t) => {
    const [meter, view] = [block(t, "lua", "-- lua/meter.lua"), block(t, "html", "viewdefs/Meter.DEFAULT.html")];
    const [, placeholder = ""] = /`(<p ui-view="meter[^`]*)`/.exec(page) ?? [];
    t.match(placeholder, "create=Meter");
    const main = `local App = session:prototype("App", {})
if not session:getApp() then session:createAppVariable(App:new()) end
`;
    const widget = {
      "viewdefs/App.DEFAULT.html": `<template><main>${placeholder}</main></template>`,
      "lua/main.lua": `${main}require("meter")`,
      "viewdefs/Meter.DEFAULT.html": view,
      "lua/meter.lua": meter,
    };
    const names = Object.keys(widget) as (keyof typeof widget)[];
    const before = { "lua/main.lua": main, "viewdefs/App.DEFAULT.html": "<template><main></main></template>" };
    for (const order of [names, names.toReversed()]) {
      const host = await startRealHost(t, before, { hotload: true });
      const save = (name: string, text: string): void => {
        writeSiteFile(host.dir, `${name}.new~`, text);
        fs.renameSync(path.join(host.dir, `${name}.new~`), path.join(host.dir, name));
      };
      const { page } = await host.open();
      for (const name of order) {
        const { count, failed } = host.app.moonpool.reloads ?? { count: 0, failed: 0 };
        save(name, widget[name]);
        while (host.app.moonpool.reloads?.count === count && host.app.moonpool.reloads?.failed === failed)
          await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const meterView = () => page.views.get(page.slot(0));
      const text = () => page.values.get(meterView()?.first ?? 0);
      await page.until(() => text() === "0 of 10");
      page.tab.send([{ type: "update", id: (meterView()?.first ?? 0) + 1, value: null }]);
      await page.until(() => text() === "1 of 10");
      save("lua/meter.lua", meter.replace("of 10", "of 20"));
      await page.until(() => text() === "1 of 20");
    }
  },
);

t.test("the chart of docs/hot-reload.md is rebuilt with the state of its older version", async (t) => {
  const older = `
    Chart = session:prototype("Chart", {})
    Chart.stateVersion = 1
    function Chart:getState() return { scale = self.scale } end
    function Chart:restoreState(state) self.scale = state.scale end
    chart = chart or Chart:new{ scale = 1.5 }
  `;
  const session = await LuaSession.start({ lua: { main: older } }, { hotload: true });
  const chart = `${block(t, "lua", "function Chart:migrateState")} chart = chart or Chart:new()`;
  const { error, notes } = session.save({ lua: { main: chart } });
  t.strictSame([error, notes], [undefined, []]);
  t.equal(session.evaluate("return chart.zoom"), "150.0");
  session.close();
});
