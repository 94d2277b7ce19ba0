// Finds the lines of a VM's memory that events read, and writes them for src/workers/hot-lines.ts: the runtime lies at the same
// addresses in every VM of a build. Runs a small site in VMs whose wasm notes what it reads. Takes 2 s, and no time when nothing
// has changed that it depends on.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LINE_BITS, NOTES, NOTING_PAGES, traceLoads } from "./trace-loads.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const PAGE = 65_536;
const TIME = 1_764_000_000_000;
const SEED = "00112233445566778899aabbccddeeff";
/** Strings hash, and so lie, otherwise from one pool of VMs to the next: what is read with most of these seeds is common. */
const SEEDS = [1, 2, 3];
/** Rounds of the events below; the first are not looked at, with which things grow that then stay. */
const ROUNDS = 30;
const FIRST_ROUNDS = 10;
/** The share of events in which a line was read. */
const SHARE = 1 / 3;

/** By the number of the slot in App.DEFAULT.html: what is written there. Most events of most apps are the first two. */
const writes = [
  [1, null],
  [0, "typed"],
  [1, null],
  [0, "typed more"],
  [2, null],
  [3, null],
];

/** Runs `bear`, which makes a VM, and returns with it the memory of its wasm. */
async function withMemoryOf(bear) {
  const { instantiate } = WebAssembly;
  let memory;
  WebAssembly.instantiate = async (...given) => {
    const made = await instantiate(...given);
    memory = (made.instance ?? made).exports.memory;
    return made;
  };
  try {
    return { vm: await bear(), memory: () => new Uint8Array(memory.buffer) };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

/** A VM of the built Moonpool in `dist` with `site` in it, whose reads are noted. `read(event)`: the lines that an event reads. */
export async function openTracing(dist, site, seed) {
  const load = (file) => import(pathToFileURL(path.join(dist, "src", file)).href);
  const { loadLuaWasm, MINIMUM_PAGES } = await load("workers/lua-wasm.js");
  const { withMemory } = await load("workers/wasm-bytes.js");
  const { readRuntime } = await load("workers/runtime-files.js");
  const { LuaVm } = await load("workers/lua-vm.js");
  const { HostCalls } = await load("workers/host-calls.js");
  const { SiteModules } = await load("workers/site-modules.js");
  const { LuaCompiler } = await load("workers/lua-code/compiler.js");
  const { ReloadRounds } = await load("workers/reload-rounds.js");
  const { ViewdefStore } = await load("host/viewdefs/viewdef-store.js");

  const wasm = await loadLuaWasm(NOTING_PAGES * PAGE);
  const bytes = traceLoads(withMemory(fs.readFileSync(wasm.file), MINIMUM_PAGES, NOTING_PAGES));
  const code = await WebAssembly.compile(bytes);
  const runtime = await readRuntime();
  const { vm, memory } = await withMemoryOf(() => LuaVm.bear({ wasm: { ...wasm, code }, runtime, seed }));

  const compiler = await LuaCompiler.start(wasm);
  const modules = new SiteModules(site);
  const calls = new HostCalls(modules, compiler, new ReloadRounds(modules, compiler));
  calls.plans = (await ViewdefStore.load(site, { uiCode: false, allowsInline: () => true })).plans();
  vm.host = (name, argument) => (name === "log" ? "" : calls.answer(name, argument));
  const dispatch = (event) => vm.dispatch(event, { timeLimit: 10_000 });
  dispatch(`load 0 ${TIME}\n${SEED}\n{"development":false,"hotload":false}`);
  dispatch(`begin 0 ${TIME}\n${SEED}`);
  const page = dispatch(`connect 1 ${TIME}\n{"namespace":""}`);
  const used = vm.saveImage();
  // Reads are noted from here on.
  vm.loadImage({ ...used, size: NOTING_PAGES * PAGE });
  return {
    page,
    end: vm.birth.bytes.length,
    read: (event) => {
      memory().fill(0, NOTES);
      const answer = dispatch(event);
      if (!answer.includes("\nc ")) throw new Error(`Nothing came of the event: ${answer}`);
      const lines = [];
      memory()
        .subarray(NOTES, NOTES + (NOTES >> LINE_BITS))
        .forEach((note, line) => note && lines.push(line));
      return lines;
    },
  };
}

/** The lines of the memory as it is at birth that at least SHARE of the events read. */
async function linesWith(dist, seed) {
  const { page, end, read } = await openTracing(dist, path.join(here, "site"), seed);
  const first = Number(/"first":(\d+)/.exec(page)?.[1]);
  const times = new Map();
  let seq = 0;
  for (let round = 0; round < ROUNDS; round++)
    for (const [slot, value] of writes) {
      seq++;
      // Each time another text.
      const text = JSON.stringify(value && `${round}${value}`);
      const lines = read(`frame 1 ${TIME + seq}\n1 ${seq}\nupdate ${first + slot} ${text}`);
      if (round >= FIRST_ROUNDS) for (const line of lines) times.set(line, (times.get(line) ?? 0) + 1);
    }
  const least = (ROUNDS - FIRST_ROUNDS) * writes.length * SHARE;
  return [...times].filter(([line, count]) => line << LINE_BITS < end && count >= least).map(([line]) => line);
}

/** What the result depends on. */
function digestOf(root, dist) {
  const hash = createHash("sha256");
  const wasm = path.join(root, "node_modules/wasmoon/dist/glue.wasm");
  const folders = [here, ...["workers", "protocol", "host/viewdefs"].map((part) => path.join(dist, "src", part))];
  const files = folders.flatMap((folder) =>
    fs
      .readdirSync(folder, { recursive: true })
      .filter((name) => /\.(lua|html|mjs|js)$/.test(name))
      .map((name) => path.join(folder, name)),
  );
  for (const file of [wasm, ...files.sort()]) hash.update(fs.readFileSync(file));
  return hash.digest("hex");
}

/** That of a list that was written before; undefined when there is none, or it is damaged. */
function digestIn(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")).digest;
  } catch {
    return undefined;
  }
}

async function write(root) {
  const dist = path.join(root, "dist");
  const file = path.join(dist, "src/workers/hot-lines.json");
  const digest = digestOf(root, dist);
  if (digestIn(file) === digest) return;
  const counts = new Map();
  for (const seed of SEEDS)
    for (const line of await linesWith(dist, seed)) counts.set(line, (counts.get(line) ?? 0) + 1);
  const common = [...counts].filter(([, count]) => count > SEEDS.length / 2).map(([line]) => line);
  // Whoever reads it meanwhile finds the former list or this one.
  const temporary = `${file}.${process.pid}`;
  fs.writeFileSync(temporary, JSON.stringify({ digest, lines: common.sort((one, other) => one - other) }));
  fs.renameSync(temporary, file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write(path.resolve(here, "../.."));
