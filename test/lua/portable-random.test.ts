import * as fc from "fast-check";
import t from "tap";
import { decodeState, encodeState } from "../../src/host/state/portable-state.ts";
import { LuaSession } from "../support/lua-session.ts";

const main = `
  P = session:prototype("P", { a = 1 })
  Q = session:prototype("Q", {}, P)
  R = session:prototype("R", {})
  function R:getState() return { content = self.content } end
  function R:restoreState(state) self.content = state.content end
  S = session:prototype("S", {})
  session:registerSerializer("S", { version = 1, save = function(s) return { s.text } end,
    load = function(saved) return session:create(S, { text = saved[1] }) end })
  app = P:new()
  app.made = { here = true }
  session:createAppVariable(app)
`;

/** A value in Lua's own words; objects are o[1], o[2], … */
const luaText = (bytes: number[]): string => `"${bytes.map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;
const bytes = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => [...Buffer.from(text)]),
  fc.array(fc.nat(255), { maxLength: 8 }),
);
const scalar = fc.oneof(
  bytes.map(luaText),
  fc.boolean().map(String),
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }).map(String),
  fc.double({ noDefaultInfinity: true, noNaN: true }).map((n) => `(${n.toString()} * 1.0)`),
  fc.constantFrom("1/0", "-1/0", "0/0", "-0.0", "math.mininteger", "P", "Q", "math.floor", "EMPTY"),
);
const reference = fc.nat(11).map((n) => `o[${n + 1}]`);
const key = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('"a"', '"b"', '"made"', '"__proto__"', "1", "2", "3", "4") },
  { weight: 1, arbitrary: scalar.filter((text) => !text.includes("0/0")) },
  { weight: 1, arbitrary: reference },
);
const graph = fc.record({
  kinds: fc.array(fc.constantFrom("{}", "{}", "P:new()", "Q:new()", "R:new()", 'session:create(S, { text = "s" })'), {
    minLength: 12,
    maxLength: 12,
  }),
  fields: fc.array(fc.tuple(reference, key, fc.oneof(scalar, reference)), { maxLength: 40 }),
});

/** A session as it was after main.lua, as often as it is wanted. */
const session = await LuaSession.start({ lua: { main } });
t.teardown(() => session.close());
const fresh = session.vm.saveImage();

t.test("any graph of objects is the same graph in another session, by way of JSON and MessagePack", async (t) => {
  let met = 0;
  fc.assert(
    fc.property(graph, fc.constantFrom("json", "msgpack"), ({ kinds, fields }, format) => {
      const code = [
        `local o = { ${kinds.join(", ")} }`,
        "app.all = o",
        // R gives only its content, S only its text.
        ...fields.map(
          ([at, key, value]) =>
            `do local t, k, v = ${at}, ${key}, ${value} if getmetatable(t) == R then t.content = { [k] = v } elseif getmetatable(t) ~= S then t[k] = v end end`,
        ),
        "app.z, app.made.here = o[1], o[2]",
      ].join("\n");
      session.vm.loadImage(fresh);
      const done = session.evaluate(code);
      if (done !== "") throw new Error(done);
      const state = session.export();
      if (typeof state !== "string") throw new Error(state.message);
      const origin = { version: "1", site: "s", session: "x", exportedAt: "now" };
      const travelled = decodeState(encodeState({ ...origin, state }, { format, compression: "none" })).state;
      session.vm.loadImage(fresh);
      const { error, notes } = session.import(travelled);
      if (error) throw new Error(error.message);
      if (notes.length > 0) throw new Error(JSON.stringify(notes));
      met += (JSON.parse(state) as { objects: unknown[] }).objects.length;
      return session.export() === state;
    }),
    { numRuns: 300 },
  );
  t.ok(met > 300 * 10, "there were graphs worth the name");
});
