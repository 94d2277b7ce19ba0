import { scenario } from "./scenario.ts";

const chart = `
  Chart = session:prototype("Chart", { kind = "bar" })
  function Chart:new(inst) inst = session:create(self, inst) inst.zoom, inst.cache = 1, "old cache" return inst end
  function Chart:getState() return { zoom = self.zoom } end
  function Chart:restoreState(state) self.zoom = state.zoom end
  if not session.reloading then a, b = Chart:new(), Chart:new() a.zoom, b.zoom, a.own = 5, 6, "lost" end
`;

scenario(
  "objects with getState and restoreState are made anew in place: state restored, the rest as the new code makes it",
  { main: chart },
  (app) => {
    app.run("before, held = a, { deep = { a } }");
    app.edit("main", { '"old cache"': '"new cache"' });
    app.gives("a.zoom .. b.zoom .. a.cache .. tostring(a.own)", "56new cachenil");
    app.gives("before == a and held.deep[1] == a and getmetatable(a) == Chart", true);
  },
);

scenario("missing keys of a state have the value that a new object has", { main: chart }, (app) => {
  app.edit("main", {
    "inst.zoom, inst.cache": "inst.pan = 7 inst.zoom, inst.cache",
    "{ zoom = self.zoom }": "{ zoom = self.zoom, pan = self.pan }",
    "self.zoom = state.zoom": "self.zoom, self.pan = state.zoom, state.pan + 1",
  });
  app.gives("a.zoom .. a.pan .. b.pan", "588");
});

scenario(
  "a state of another version is migrated, with the version that it is of",
  { main: `${chart} Chart.stateVersion = 1` },
  (app) => {
    app.edit("main", {
      "Chart.stateVersion = 1": "Chart.stateVersion = 2",
      "{ zoom = self.zoom }": "{ scale = self.scale }",
      "self.zoom = state.zoom": "self.scale = state.scale",
      "inst.zoom, inst.cache = 1,": "inst.scale, inst.cache = 100,",
      "if not": "function Chart:migrateState(state, version) return { scale = state.zoom * 100 + version } end if not",
    });
    app.gives("a.scale .. ' ' .. b.scale .. ' ' .. tostring(a.zoom)", "501 601 nil");
    app.save({ main: `${app.lua["main"]} -- again` });
    app.gives("a.scale", 501);
  },
);

scenario(
  "mutate is not called for what is rebuilt",
  { main: `${chart} function Chart:mutate() mutated = true end` },
  (app) => {
    app.edit("main", { 'kind = "bar"': 'kind = "pie"' });
    app.gives("a.kind .. a.zoom, mutated", "pie5, nil");
  },
);

scenario(
  "a fresh object that its constructor has put somewhere is the old one there",
  {
    main: `
      all = all or {}
      P = session:prototype("P", {})
      function P:new() local p = session:create(self, { n = 0 }) all[#all + 1] = p return p end
      function P:getState() return { n = self.n } end
      function P:restoreState(s) self.n = s.n end
      if not session.reloading then p = P:new() p.n = 3 end`,
  },
  (app) => {
    app.edit("main", { "self.n = s.n": "self.n = s.n + 1" });
    app.gives("p.n .. tostring(all[1] == p and all[2] == p)", "4true");
  },
);

scenario(
  "instances of what is derived from a prototype are rebuilt with it",
  {
    base: `
      Base = session:prototype("Base", {})
      function Base:getState() return { n = self.n } end
      function Base:restoreState(s) self.n = "old " .. s.n end`,
    main: `require("base") local D = session:prototype("D", {}, Base) d = d or D:new{ n = 1 }`,
  },
  (app) => {
    app.edit("base", { '"old "': '"new "' });
    app.gives("d.n", "new 1");
  },
);

scenario("what nobody has any more is not rebuilt", { main: chart }, (app) => {
  app.run("made = 0 for i = 1, 100 do Chart:new() end");
  app.edit("main", { "inst.zoom, inst.cache": "made = made + 1 inst.zoom, inst.cache" });
  app.gives("made", 2);
});

for (const { title, edits, error } of [
  {
    title: "restoreState fails",
    edits: { "self.zoom = state.zoom": 'if state.zoom == 6 then error("no") end self.zoom = 0' },
    error: { code: "LUA_ERROR", message: "restoreState of Chart: no", file: "lua/main.lua" },
  },
  {
    title: "new fails",
    edits: { "inst.zoom, inst.cache": "local x = nil + 1 inst.zoom, inst.cache" },
    error: { code: "LUA_ERROR", message: /^new of Chart: / },
  },
  {
    title: "new returns something else",
    edits: { "return inst end": "return {} end" },
    error: { code: "RELOAD_STATE" },
  },
  {
    title: "restoreState never ends",
    edits: { "self.zoom = state.zoom": "while true do end" },
    error: { code: "LIMIT_TIME", message: /^restoreState of Chart: / },
  },
  {
    title: "the new getState never ends",
    edits: { "return { zoom = self.zoom }": "while true do end" },
    error: { code: "LIMIT_TIME", message: /^getState of Chart: / },
  },
  {
    title: "the new getState returns nothing",
    edits: { "return { zoom = self.zoom }": "" },
    error: { code: "RELOAD_STATE", message: "getState of Chart did not return a table." },
  },
  {
    title: "the migration fails",
    edits: {
      "if not session.reloading":
        "Chart.stateVersion = 3 function Chart:migrateState() return 5 end if not session.reloading",
    },
    error: { code: "RELOAD_STATE", message: "migrateState of Chart did not return a table." },
  },
]) {
  scenario(`${title}: nothing has changed, and the next good save works`, { main: chart }, (app) => {
    app.fail({ main: app.edited("main", { ...edits, "old cache": "broken cache" }) }, error);
    app.gives("a.zoom .. b.zoom .. a.cache .. a.own", "56old cachelost");
    app.edit("main", { "old cache": "new cache" });
    app.gives("a.zoom .. b.zoom .. a.cache", "56new cache");
  });
}

scenario(
  "a getState of the old code that fails is told, and not in the way of the version that mends it",
  { main: `${chart} function Chart:getState() return self.missing.x end` },
  (app) => {
    app.save(
      { main: `${app.lua["main"]} -- edited` },
      { notes: [{ code: "LUA_ERROR", message: /^getState of Chart: / }] },
    );
    app.gives("a.zoom", 5);
    app.save({ main: chart }, { notes: [{ code: "LUA_ERROR", message: /^getState of Chart: / }] });
    app.gives("a.zoom", 5);
    app.save({ main: `${chart} -- again` });
    app.gives("a.zoom .. a.cache", "5old cache");
  },
);

scenario(
  "a getState of the old code that never ends is told, and not in the way of the version that mends it",
  { main: `${chart} function Chart:getState() while hangs do end return { zoom = self.zoom } end hangs = true` },
  (app) => {
    app.session.timeLimit = 300;
    app.save({ main: chart }, { notes: [{ code: "LIMIT_TIME", message: /^getState of Chart: / }] });
    app.gives("a.zoom .. a.cache", "5old cache");
    app.edit("main", { "old cache": "new cache" });
    app.gives("a.zoom .. a.cache", "5new cache");
  },
);
