/**
 * A part of a program: what it gives depends on its two constants, on the one that another file has, and on how often it was
 * called if it counts.
 */
export interface Part {
  name: string;
  kind: number;
  /** `K` and `L` in the template. */
  k: string;
  l: string;
}

interface Kind {
  /** Lua that makes `M.NAME`, a function of one text. */
  lua: string;
  /**
   * What `M.NAME(x)` gives. `calls`: how often it has been called, this time included; `most`: what the file `limits` says.
   */
  gives: (part: Part, x: string, calls: number, most: string) => string;
}

/** The forms that code takes: NAME, K and L are replaced. */
export const kinds: readonly Kind[] = [
  { lua: `function M.NAME(x) return "K" .. x end`, gives: ({ k }, x) => k + x },
  {
    lua: `local function h_NAME(x) return x .. "K" end\nfunction M.NAME(x) return h_NAME(x) .. "L" end`,
    gives: ({ k, l }, x) => x + k + l,
  },
  { lua: `local c_NAME = "K"\nfunction M.NAME(x) return c_NAME .. x end`, gives: ({ k }, x) => k + x },
  {
    lua: `local function mk_NAME(a) return function(x) return a .. "K" .. x end end\nM.NAME = mk_NAME("L")`,
    gives: ({ k, l }, x) => l + k + x,
  },
  {
    lua: `local t_NAME = { a = "K", list = { "L", "K" } }\nfunction M.NAME(x) return t_NAME.a .. table.concat(t_NAME.list) .. x end`,
    gives: ({ k, l }, x) => k + l + k + x,
  },
  {
    lua: `function P:NAME(x) return self.tag .. "K" .. x end\nfunction M.NAME(x) return P.one:NAME(x) .. "L" end`,
    gives: ({ k, l }, x) => `tag${k}${x}${l}`,
  },
  {
    lua: `local o_NAME = setmetatable({ k = "K" }, { __index = function() return "L" end })\nM.NAME = function(x) return o_NAME.k .. o_NAME.other .. x end`,
    gives: ({ k, l }, x) => k + l + x,
  },
  {
    lua: `function g_NAME(x) return "K" .. x end\nfunction M.NAME(x) return g_NAME(x) end`,
    gives: ({ k }, x) => k + x,
  },
  {
    lua: `function M.NAME(x)\n  local function inner(y) return y .. "K" end\n  return inner(x) .. "L"\nend`,
    gives: ({ k, l }, x) => x + k + l,
  },
  {
    lua: `local l_NAME = {}\nfor i, v in ipairs({ "K", "L" }) do l_NAME[i] = function(x) return v .. i .. x end end\nfunction M.NAME(x) return l_NAME[1](x) .. l_NAME[2]("") end`,
    gives: ({ k, l }, x) => `${k}1${x}${l}2`,
  },
  {
    lua: `local n_NAME = 0\nfunction M.NAME(x) n_NAME = n_NAME + 1 return "K" .. n_NAME .. x end`,
    gives: ({ k }, x, calls) => k + calls + x,
  },
  {
    lua: `do\n  local n = 0\n  function M.NAME(x) n = n + 1 return "K" .. n .. x end\nend`,
    gives: ({ k }, x, calls) => k + calls + x,
  },
  {
    lua: `local function cnt_NAME() local n = 0 return function() n = n + 1 return n end end\nlocal i_NAME = cnt_NAME()\nfunction M.NAME(x) return "K" .. i_NAME() .. x end`,
    gives: ({ k }, x, calls) => k + calls + x,
  },
  {
    lua: `local log_NAME = {}\nfunction M.NAME(x) log_NAME[#log_NAME + 1] = x return "K" .. #log_NAME .. x end`,
    gives: ({ k }, x, calls) => k + calls + x,
  },
  {
    lua: `M.NAME = (function() local seen = 0 return function(x) seen = seen + 1 return "K" .. seen .. x end end)()`,
    gives: ({ k }, x, calls) => k + calls + x,
  },
  {
    lua: `S_NAME = S_NAME or { n = 0 }\nfunction M.NAME(x) S_NAME.n = S_NAME.n + 1 return "K" .. S_NAME.n .. x end`,
    gives: ({ k }, x, calls) => k + calls + x,
  },
  {
    lua: `local m_NAME = require("limits").most\nfunction M.NAME(x) return m_NAME .. "K" .. x end`,
    gives: ({ k }, x, __calls, most) => most + k + x,
  },
  {
    lua: `local limits_NAME = require("limits")\nlocal made_NAME = { text = limits_NAME.most .. "K", n = 0 }\nfunction M.NAME(x) made_NAME.n = made_NAME.n + 1 return made_NAME.text .. limits_NAME.f() .. made_NAME.n .. x end`,
    gives: ({ k }, x, calls, most) => `${most}${k}f${most}${calls}${x}`,
  },
];

/** The file that has a constant for others, as a value and in a function. */
export function renderLimits(most: string): string {
  return `local L = { most = "${most}" }\nfunction L.f() return "f${most}" end\nreturn L`;
}

/** The file that parts make. */
export function render(parts: readonly Part[]): string {
  const texts = parts.map(({ name, kind, k, l }) =>
    (kinds[kind]?.lua ?? "").replaceAll("NAME", name).replaceAll(/\bK\b/g, k).replaceAll(/\bL\b/g, l),
  );
  const head = `local M = {}\nlocal P = session:prototype("P", { tag = "tag" })\nP.one = P.one or P:new()`;
  return [head, ...texts, "return M"].join("\n");
}
