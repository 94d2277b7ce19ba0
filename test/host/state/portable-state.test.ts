import { createHash } from "node:crypto";
import zlib from "node:zlib";
import * as fc from "fast-check";
import t from "tap";
import {
  decodeState,
  encodeState,
  type PortableState,
  type StateForm,
} from "../../../src/host/state/portable-state.ts";
import { MoonpoolError } from "../../../src/protocol/error-code.ts";

const forms: StateForm[] = [
  { format: "json", compression: "none" },
  { format: "json", compression: "brotli" },
  { format: "msgpack", compression: "none" },
  { format: "msgpack", compression: "brotli" },
];
const portable: PortableState = {
  state: JSON.stringify({ format: 1, app: { object: 1 }, objects: [{ fields: { name: "Ädä 😀\u0000", n: 0.1 } }] }),
  version: "0.1.0",
  site: "demo",
  session: "abc",
  exportedAt: "2026-01-02T03:04:05.678Z",
};

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof MoonpoolError) return error.code;
    throw error;
  }
  return "none";
}

/** A file with any header and payload, and the right checksum. */
function file(header: object | string, payload: Uint8Array): Buffer {
  const line = typeof header === "string" ? header : JSON.stringify(header);
  const body = Buffer.concat([Buffer.from(`${line}\n`), payload]);
  return Buffer.concat([Buffer.from(`moonpool-state 1 ${createHash("sha256").update(body).digest("hex")}\n`), body]);
}

const { state, ...origin } = portable;

t.test(
  "a state comes back as it was, with where it comes from, as JSON and MessagePack, compressed or not",
  async (t) => {
    for (const form of forms) t.same(decodeState(encodeState(portable, form)), { ...portable, ...form });
  },
);

t.test("any JSON comes back, whatever is in it", async (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(...forms), (value, form) => {
      const text = JSON.stringify(value);
      // MessagePack readers give no object a name that would change what it is.
      fc.pre(!text.includes('"__proto__"'));
      const decoded = decodeState(encodeState({ ...portable, state: text }, form));
      return JSON.stringify(JSON.parse(decoded.state)) === text;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test("the texts of a large state take less room compressed", async (t) => {
  const large = { ...portable, state: JSON.stringify(Array.from({ length: 1000 }, (_, n) => ({ name: "Ada", n }))) };
  for (const format of ["json", "msgpack"] as const) {
    const [packed, plain] = (["brotli", "none"] as const).map((compression) =>
      encodeState(large, { format, compression }),
    );
    t.ok(packed!.length * 4 < plain!.length, format);
  }
});

t.test("a file says in its first lines what it is", async (t) => {
  const [first, second, third] = encodeState(portable, forms[0]!).toString().split("\n");
  t.match(first, /^moonpool-state 1 [0-9a-f]{64}$/);
  t.same(JSON.parse(second!), { format: "json", compression: "none", size: Buffer.byteLength(state), ...origin });
  t.equal(third, state);
});

t.test("every flipped bit is noticed, and every missing or added end", async (t) => {
  for (const form of forms) {
    const good = encodeState(portable, form);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good);
      bad.writeUInt8(bad.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const code = codeOf(() => decodeState(bad));
      if (code !== "STATE_INVALID" && code !== "STATE_VERSION") t.fail(`bit ${bit} of ${form.format}: ${code}`);
    }
    for (let length = 0; length < good.length; length++)
      if (codeOf(() => decodeState(good.subarray(0, length))) !== "STATE_INVALID") t.fail(`length ${length}`);
    t.equal(
      codeOf(() => decodeState(Buffer.concat([good, Buffer.from("x")]))),
      "STATE_INVALID",
    );
  }
});

t.test("no bytes make it fail in another way than with a coded error, not even with the right checksum", async (t) => {
  const codes = new Set(["STATE_INVALID", "STATE_VERSION", "STATE_TOO_LARGE", "none"]);
  const header = fc.record({
    format: fc.constantFrom("json", "msgpack"),
    compression: fc.constantFrom("brotli", "none"),
    size: fc.oneof(fc.nat(300), fc.constantFrom(-1, 0.5, 2 ** 60, Number.NaN)),
    version: fc.string(),
    site: fc.string(),
    session: fc.string(),
    exportedAt: fc.string(),
  });
  const anyFile = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(
        fc.oneof(
          fc.jsonValue().map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        fc.uint8Array(),
      )
      .map(([line, rest]) => file(line, rest)),
    fc.tuple(header, fc.uint8Array({ maxLength: 300 })).map(([line, rest]) => file(line, rest)),
    fc
      .tuple(header, fc.uint8Array({ maxLength: 300 }))
      .map(([line, rest]) => file({ ...line, size: rest.length, compression: "none" }, rest)),
    fc
      .tuple(header, fc.uint8Array({ maxLength: 300 }))
      .map(([line, rest]) =>
        file({ ...line, size: rest.length, compression: "brotli" }, zlib.brotliCompressSync(rest)),
      ),
  );
  fc.assert(
    fc.property(anyFile, (bytes) => codes.has(codeOf(() => decodeState(bytes)))),
    { numRuns: 3000 },
  );
  t.pass();
});

t.test("a file of a newer format is refused as such", async (t) => {
  const newer = encodeState(portable, forms[0]!).toString().replace("moonpool-state 1 ", "moonpool-state 2 ");
  t.equal(
    codeOf(() => decodeState(Buffer.from(newer))),
    "STATE_VERSION",
  );
});

t.test(
  "a state larger than allowed is refused before it takes memory, also when the file lies about its size",
  async (t) => {
    const form = { format: "json", compression: "brotli" };
    const bomb = zlib.brotliCompressSync(Buffer.alloc(100 * 2 ** 20, " "));
    t.ok(bomb.length < 1000);
    const before = process.memoryUsage().arrayBuffers;
    t.equal(
      codeOf(() => decodeState(file({ ...form, size: 100 * 2 ** 20, ...origin }, bomb))),
      "STATE_TOO_LARGE",
    );
    t.equal(
      codeOf(() => decodeState(file({ ...form, size: 100, ...origin }, bomb))),
      "STATE_INVALID",
    );
    t.ok(process.memoryUsage().arrayBuffers - before < 50 * 2 ** 20);
    t.equal(
      codeOf(() => decodeState(encodeState(portable, forms[0]!), { most: 10 })),
      "STATE_TOO_LARGE",
    );
  },
);

t.test("MessagePack is looked through before it is decoded", async (t) => {
  const refused: [what: string, bytes: number[]][] = [
    ["an array that promises four thousand million elements", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["a map that promises them", [0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 0x61, 1]],
    ["a text that is longer than the file", [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]],
    ["a text that is no UTF-8", [0xa1, 0xff]],
    ["bytes", [0xc4, 1, 1]],
    ["a type of its own", [0xd4, 0x72, 0x40]],
    ["a time", [0xd6, 0xff, 0, 0, 0, 0]],
    ["a whole number of 64 bits", [0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0]],
    ["an infinite number", [0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]],
    ["a number as a name", [0x81, 1, 1]],
    ["an array as a name", [0x81, 0x90, 1]],
    ["two values", [1, 1]],
    ["nothing", []],
    ["a map without its value", [0x81, 0xa1, 0x61]],
    ["a number that is cut off", [0xcd, 1]],
    ["too many levels", [...Array.from({ length: 200 }, () => 0x91), 1]],
  ];
  for (const [what, bytes] of refused) {
    const header = { format: "msgpack", compression: "none", size: bytes.length, ...origin };
    t.equal(
      codeOf(() => decodeState(file(header, Buffer.from(bytes)))),
      "STATE_INVALID",
      what,
    );
  }
});
