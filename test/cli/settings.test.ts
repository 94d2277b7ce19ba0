import path from "node:path";
import t from "tap";
import { MoonpoolError } from "../../src/protocol/main.ts";
import { readSettings, type Settings, type Sources } from "../../src/cli/settings.ts";

const folder = "/somewhere";

function settings(sources: Partial<Sources>): Promise<Settings> {
  return readSettings({ flags: {}, env: {}, folder, ...sources });
}

async function refusal(sources: Partial<Sources>): Promise<string> {
  try {
    await settings(sources);
  } catch (error) {
    if (error instanceof MoonpoolError && error.code === "CONFIG_INVALID") return error.message;
    throw error;
  }
  throw new Error("the settings were accepted");
}

t.test("flags win over the environment, that over the config file; what nobody gives stays open", async (t) => {
  const dir = t.testdir({ "moonpool.config.json": JSON.stringify({ port: 1, host: "file", threads: 3 }) });
  const { given, configFile } = await settings({
    flags: { dir, port: "11" },
    env: { MOONPOOL_PORT: "12", MOONPOOL_HOST: "env", MOONPOOL_SLOTS: "" },
  });
  t.same(given, { dir, port: 11, host: "env", threads: 3 });
  t.equal(configFile, path.join(dir, "moonpool.config.json"));
});

t.test("texts become the types that the host takes, whatever the source", async (t) => {
  const wanted = {
    development: true,
    memoryLimit: 64 * 1024 * 1024,
    timeLimit: 2_000,
    sessionTimeout: 86_400_000,
    origins: ["https://a.org", "https://b.org"],
    mounts: { "/x": path.resolve(folder, "y") },
    rate: { perSecond: 100, burst: 200 },
    cpu: { perSecond: 250, burst: 5_000 },
    maxTimers: 5,
    maxVariables: 6,
    maxOutput: 2 * 1024 * 1024,
    rollbackOnError: true,
    verbose: 2,
  };
  const flags = {
    development: true,
    memoryLimit: "64MB",
    timeLimit: "2s",
    sessionTimeout: "1d",
    origins: ["https://a.org", "https://b.org"],
    mounts: ["/x=y"],
    rate: "100",
    cpu: "250",
    maxTimers: "5",
    maxVariables: "6",
    maxOutput: "2MB",
    rollbackOnError: true,
    verbose: 2,
  };
  t.same((await settings({ flags })).given, wanted, "flags");
  const env = {
    MOONPOOL_DEV: "on",
    MOONPOOL_MEMORY_LIMIT: "65536k",
    MOONPOOL_TIME_LIMIT: "2000",
    MOONPOOL_SESSION_TIMEOUT: "24h",
    MOONPOOL_ORIGINS: "https://a.org, https://b.org",
    MOONPOOL_MOUNTS: "/x=y",
    MOONPOOL_RATE: "100/200",
    MOONPOOL_CPU: "250/5000",
    MOONPOOL_MAX_TIMERS: "5",
    MOONPOOL_MAX_VARIABLES: "6",
    MOONPOOL_MAX_OUTPUT: "2m",
    MOONPOOL_ROLLBACK_ON_ERROR: "yes",
    MOONPOOL_VERBOSE: "2",
  };
  t.same((await settings({ env })).given, wanted, "environment");
  const dir = t.testdir({
    "moonpool.config.yaml": `
development: true
memoryLimit: 67108864
timeLimit: 2000
sessionTimeout: 24h
origins: [https://a.org, https://b.org]
mounts: { /x: ${path.resolve(folder, "y")} }
rate: { perSecond: 100, burst: 200 }
cpu: { perSecond: 250, burst: 5000 }
maxTimers: 5
maxVariables: 6
maxOutput: 2097152
rollbackOnError: true
verbose: 2
`,
  });
  const { dir: _dir, ...given } = (await settings({ flags: { dir } })).given;
  t.same(given, wanted, "config file");
});

t.test("hot reload is on or off, or in a config file anything that the host takes", async (t) => {
  t.same((await settings({ flags: { hotload: false } })).given.hotload, false, "--no-hotload");
  t.same((await settings({ env: { MOONPOOL_HOTLOAD: "1" } })).given.hotload, true);
  const hotload = { toasts: false, ignore: ["*.tmp"] };
  const dir = t.testdir({ "moonpool.config.json": JSON.stringify({ hotload, editor: "x://{file}" }) });
  const { given } = await settings({ flags: { dir } });
  t.same([given.hotload, given.editor], [hotload, "x://{file}"]);
  t.match(await refusal({ env: { MOONPOOL_HOTLOAD: "perhaps" } }), /^MOONPOOL_HOTLOAD: "perhaps" is not true or false/);
});

t.test("metrics are off, for this machine or public, from every source", async (t) => {
  t.equal((await settings({ flags: { metrics: true } })).given.metrics, true, "--metrics");
  t.equal((await settings({ flags: { metrics: "off" } })).given.metrics, false);
  t.equal((await settings({ flags: { metrics: "public" } })).given.metrics, "public");
  t.equal((await settings({ env: { MOONPOOL_METRICS: "on" } })).given.metrics, true);
  const dir = t.testdir({ "moonpool.config.json": JSON.stringify({ metrics: "public" }) });
  t.equal((await settings({ flags: { dir } })).given.metrics, "public");
  t.match(await refusal({ flags: { metrics: "all" } }), /^--metrics: "all" is not on, off or public/);
});

t.test("paths are relative to where they are written", async (t) => {
  const dir = t.testdir({ site: {}, etc: { "my.json": JSON.stringify({ dir: "../site", mounts: { "/a": "b" } }) } });
  const { given, dir: site } = await settings({ folder: dir, configFile: "etc/my.json" });
  t.equal(site, path.join(dir, "site"));
  t.same(given.mounts, { "/a": path.join(dir, "etc/b") });
  t.equal((await settings({ flags: { dir: "x" } })).dir, path.resolve(folder, "x"));
  t.equal((await settings({})).dir, path.resolve(folder));
});

t.test("a config file is found under each of its names, and only in the site's own folder", async (t) => {
  const files: Record<string, string> = {
    "moonpool.config.yaml": "port: 7",
    "moonpool.config.js": "module.exports = { port: 7 }",
    "moonpool.config.mjs": "export default { port: 7 }",
    ".moonpoolrc": "port: 7",
    "package.json": '{ "moonpool": { "port": 7 } }',
  };
  for (const [name, text] of Object.entries(files)) {
    const dir = t.testdir({ [name]: text, "sub-site": {}, ...(name.endsWith(".js") && { "package.json": "{}" }) });
    t.equal((await settings({ flags: { dir } })).given.port, 7, name);
    t.equal((await settings({ flags: { dir: path.join(dir, "sub-site") } })).given.port, undefined, name);
  }
});

t.test("a setting that cannot be read names its source and what is expected", async (t) => {
  const flags: [string, unknown, RegExp][] = [
    ["port", "abc", /^--port: "abc" is not a port, 0 to 65535\.$/],
    ["port", "70000", /^--port/],
    ["threads", "0", /^--threads.*1 to 1024/],
    ["isolation", "none", /^--isolation.*shared, dedicated/],
    ["memoryLimit", "64 parsecs", /^--memory-limit.*64MB/],
    ["timeLimit", "soon", /^--time-limit.*30m/],
    ["mounts", ["/x"], /^--mount.*URL=FOLDER/],
    ["rate", "fast", /^--rate.*200\/400/],
    ["cpu", "0/0", /^--cpu.*500\/10000/],
    ["maxTimers", "0", /^--max-timers/],
    ["contentSecurityPolicy", "strict!", /^--content-security-policy.*default-src 'self', or off/],
    ["share", "all", /^--share.*browser, link/],
  ];
  for (const [key, value, wanted] of flags) t.match(await refusal({ flags: { [key]: value } }), wanted);
  t.match(await refusal({ env: { MOONPOOL_DEV: "maybe" } }), /^MOONPOOL_DEV: "maybe" is not true or false/);
  const dir = t.testdir({ ".moonpoolrc": "origins: [1]" });
  t.match(await refusal({ flags: { dir } }), /^origins in .*\.moonpoolrc: \[1\] is not origins such as/);
});

t.test("a secret that is too short is not repeated in the message", async (t) => {
  const message = await refusal({ env: { MOONPOOL_SECRET: "hunter2" } });
  t.match(message, /^MOONPOOL_SECRET: the value is not 16 characters or more/);
  t.notMatch(message, /hunter2/);
});

t.test("a config file that cannot be used says which and why", async (t) => {
  const faults: [string, RegExp][] = [
    ["{ port: ", /moonpool\.config\.json cannot be read/],
    ["[1]", /does not hold an object/],
    ['{ "prot": 1 }', /prot in .*moonpool\.config\.json is not a setting; did you mean port\?/],
    ['{ "unheard-of": 1 }', /the keys are dir, port/],
  ];
  for (const [text, wanted] of faults) {
    const dir = t.testdir({ "moonpool.config.json": text });
    t.match(await refusal({ flags: { dir } }), wanted);
  }
  t.match(await refusal({ configFile: "gone.json" }), /no config file \/somewhere\/gone\.json/);
  const dir = t.testdir({ "moonpool.config.json": "" });
  t.same((await settings({ flags: { dir } })).given, { dir }, "an empty file says nothing");
});

t.test(
  "a variable that looks like ours is warned about, because nothing else would say that it does nothing",
  async (t) => {
    const { warnings } = await settings({ env: { MOONPOOL_PROT: "1", MOONPOOL_CONFIG: "", OTHER: "x" } });
    t.same(warnings, ["The variable MOONPOOL_PROT is not a setting; did you mean MOONPOOL_PORT?"]);
  },
);
