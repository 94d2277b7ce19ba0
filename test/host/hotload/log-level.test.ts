import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { startRealHost } from "../../support/real-host.ts";
import { writeSiteFile } from "../../support/site.ts";

const main = `local App = session:prototype("App", {})
if not session:getApp() then session:createAppVariable(App:new()) end
`;
const site = { "lua/main.lua": main, "viewdefs/App.DEFAULT.html": "<template><p></p></template>" };

for (const { logLevel, expected } of [
  { logLevel: "error", expected: [/lua\/main\.lua:3: .*symbol/] },
  {
    logLevel: "info",
    expected: [/lua\/main\.lua:3: .*symbol/, /^not reloaded: lua\/main\.lua/, /^reloaded lua\/main\.lua/],
  },
] as const) {
  t.test(`errors of a reload are logged at level ${logLevel}, and a line for each reload from info on`, async (t) => {
    const messages: string[] = [];
    const stream = { write: (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg) };
    const host = await startRealHost(t, site, { hotload: true, logLevel, logger: { level: logLevel, stream } });
    await host.open();
    const save = async (text: string, isSaved: () => boolean): Promise<void> => {
      writeSiteFile(host.dir, "lua/main.lua.new~", text);
      fs.renameSync(path.join(host.dir, "lua/main.lua.new~"), path.join(host.dir, "lua/main.lua"));
      while (!isSaved()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await save(
      `${main}x = = 1`,
      () => host.app.moonpool.reloads?.failed === 1 && messages.length >= expected.length - 1,
    );
    await save(`${main}x = 1`, () => host.app.moonpool.reloads?.count === 2 && messages.length >= expected.length);
    const told = messages.filter((message) => message.includes("lua/main.lua"));
    t.match(told, expected);
    t.equal(told.length, expected.length);
  });
}
