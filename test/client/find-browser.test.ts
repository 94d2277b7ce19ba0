import t from "tap";

const script = new URL("../../../scripts/browser.mjs", import.meta.url).href;
const { findBrowser } = (await import(script)) as { findBrowser: () => Promise<string> };
const given = process.env["BROWSER_PATH"];
t.afterEach(() => {
  if (given === undefined) delete process.env["BROWSER_PATH"];
  else process.env["BROWSER_PATH"] = given;
});

t.test("the browser of BROWSER_PATH is taken, whatever else there is", async (t) => {
  // Any program that answers --version will do.
  process.env["BROWSER_PATH"] = process.execPath;
  t.equal(await findBrowser(), process.execPath);
});

t.test("a BROWSER_PATH that cannot be used is an error that says why, never another browser", async (t) => {
  process.env["BROWSER_PATH"] = "/nowhere/chromium";
  await t.rejects(findBrowser(), { message: "BROWSER_PATH is /nowhere/chromium, but there is no such file." });
  process.env["BROWSER_PATH"] = new URL(import.meta.url).pathname;
  await t.rejects(findBrowser(), { message: /^BROWSER_PATH is .*, but it does not start/ });
});

t.test("what is found starts", async (t) => {
  t.match(await findBrowser(), /./);
});
