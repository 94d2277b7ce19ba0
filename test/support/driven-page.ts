import type { Page } from "playwright-core";

/**
 * For an app that a test changes from its page: in main.lua, a method of `app` that runs Lua code with the names in `names`
 * besides the globals, and in the app's viewdef, what calls it.
 */
export const driven = {
  lua: (names: string): string => `
local edits = setmetatable({ ${names} }, { __index = _G })
app.token = ""
function app:edit(text)
  local token, code = text:match("^(%S+) (.*)$")
  assert(load(code, "edit", "t", edits))()
  self.token = token
end`,
  html: `<input id="edit" hidden ui-value="edit(_)"><b id="token" hidden ui-value="token"></b>`,
};

let tokens = 0;

/** Runs Lua code in the session as one event, and resolves when the page shows what came of it. */
export async function edit(page: Page, code: string): Promise<void> {
  const token = `t${++tokens}`;
  await page.evaluate((text) => (window as never as Bridge).moonpool.updateValue("edit", text), `${token} ${code}`);
  await page.waitForFunction((token) => document.getElementById("token")?.textContent === token, token);
}

interface Bridge {
  moonpool: { updateValue(id: string, value: string): void };
}
