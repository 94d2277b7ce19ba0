// Rewrites a wasm module so that it notes which lines of its memory it reads. For measurements only: it is three times as slow.

/** Bytes of a line of the processor's caches, as a power of two. */
export const LINE_BITS = 6;
/** Nothing is noted while the memory has less than so many pages of 64 KiB; a byte for each line is then at `NOTES` and behind it. */
export const NOTING_PAGES = 1024;
export const NOTES = 48 * 2 ** 20;

const [TYPES, IMPORTS, FUNCTIONS, CODE] = [1, 2, 3, 10];
const I32 = 0x7f;

/** Reads a wasm binary from `at` on. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  skip(count) {
    this.at += count;
  }

  unsigned() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  /** Passes over a number, signed or not. */
  pass(count = 1) {
    for (let left = count; left > 0; left--) while (this.byte() >= 128);
  }
}

function unsigned(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

function signed(value) {
  const bytes = [];
  for (let rest = value; ; rest >>= 7) {
    const byte = rest & 127;
    if ((rest >> 6 === 0 && byte < 64) || (rest >> 6 === -1 && byte >= 64)) return [...bytes, byte];
    bytes.push(byte | 128);
  }
}

/** unreachable, nop, else, end, return, drop, select, ref.is_null. */
const plain = new Set([0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1]);

/** Passes over what belongs to an instruction other than a load. */
function passImmediates(reader, opcode) {
  if (opcode >= 0x36 && opcode <= 0x3e) return reader.pass(2); // stores: alignment, offset
  if (opcode >= 0x20 && opcode <= 0x26) return reader.pass(); // variables and tables
  switch (opcode) {
    case 0x02: // block, loop, if: a type
    case 0x03:
    case 0x04:
    case 0x0c: // br, br_if
    case 0x0d:
    case 0x10: // call
    case 0x3f: // memory.size, memory.grow
    case 0x40:
    case 0x41: // i32.const, i64.const
    case 0x42:
    case 0xd0: // ref.null, ref.func
    case 0xd2:
      return reader.pass();
    case 0x0e: // br_table: a list, and the default
      return reader.pass(reader.unsigned() + 1);
    case 0x11: // call_indirect: type, table
      return reader.pass(2);
    case 0x1c: // select with types
      return reader.skip(reader.unsigned());
    case 0x43: // f32.const, f64.const
      return reader.skip(4);
    case 0x44:
      return reader.skip(8);
    case 0xfc: {
      const kind = reader.unsigned();
      // Conversions have nothing; memory.fill, data.drop and most of tables one; memory.init and copies two.
      if (kind >= 8) reader.pass([8, 10, 12, 14].includes(kind) ? 2 : 1);
      return undefined;
    }
    default:
      // What has none: control, drop and select, and all that only calculates.
      if (plain.has(opcode) || (opcode >= 0x45 && opcode <= 0xc4)) return undefined;
      throw new Error(`The wasm has an instruction that is not known here: ${opcode.toString(16)}.`);
  }
}

/** Of a function: the same, with a call of `note`, which takes an address and an offset and returns the address, before each load. */
function notingBody(bytes, from, end, note) {
  const reader = new Reader(bytes, from);
  for (let locals = reader.unsigned(); locals > 0; locals--) {
    reader.pass();
    reader.skip(1);
  }
  const body = [];
  let copied = from;
  while (reader.at < end) {
    const at = reader.at;
    const opcode = reader.byte();
    if (opcode < 0x28 || opcode > 0x35) {
      passImmediates(reader, opcode);
      continue;
    }
    reader.pass();
    const offset = reader.unsigned();
    body.push(...bytes.subarray(copied, at), 0x41, ...signed(offset | 0), 0x10, ...unsigned(note));
    copied = at;
  }
  if (reader.at !== end) throw new Error("The wasm is not as expected: a function ends in an instruction.");
  body.push(...bytes.subarray(copied, end));
  return body;
}

/** (address, offset) → address; sets the byte of the line, if the memory is large enough. */
const noteBody = [
  [0, 0x3f, 0, 0x41, ...signed(NOTING_PAGES), 0x4f, 0x04, 0x40], // if memory.size >= NOTING_PAGES
  [0x20, 0, 0x20, 1, 0x6a, 0x41, LINE_BITS, 0x76], // (address + offset) >>> LINE_BITS
  [0x41, 1, 0x3a, 0, ...unsigned(NOTES)], // store 1 there, behind NOTES
  [0x0b, 0x20, 0, 0x0b], // end; address
].flat();

function importedFunctions(bytes, from) {
  const reader = new Reader(bytes, from);
  let functions = 0;
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.skip(reader.unsigned());
    reader.skip(reader.unsigned());
    const kind = reader.byte();
    if (kind === 0) functions++;
    if (kind === 0) reader.pass();
    else if (kind === 3) reader.skip(2);
    else {
      if (kind === 1) reader.skip(1);
      reader.pass(reader.byte() & 1 ? 2 : 1);
    }
  }
  return functions;
}

/** The module `bytes` with loads that leave their notes. */
export function traceLoads(bytes) {
  const sections = [];
  for (const reader = new Reader(bytes, 8); reader.at < bytes.length;) {
    const id = reader.byte();
    const size = reader.unsigned();
    sections.push({ id, from: reader.at, end: reader.at + size });
    reader.skip(size);
  }
  const imports = sections.find(({ id }) => id === IMPORTS);
  const imported = imports ? importedFunctions(bytes, imports.from) : 0;
  const types = new Reader(bytes, sections.find(({ id }) => id === TYPES).from).unsigned();
  const defined = new Reader(bytes, sections.find(({ id }) => id === FUNCTIONS).from).unsigned();
  const note = imported + defined;

  /** What a section holds, which is a list, with one more at its end. */
  const longer = ({ from, end }, one) => {
    const reader = new Reader(bytes, from);
    const count = reader.unsigned();
    return [...unsigned(count + 1), ...bytes.subarray(reader.at, end), ...one];
  };
  const code = ({ from }) => {
    const reader = new Reader(bytes, from);
    const count = reader.unsigned();
    const result = [unsigned(count + 1)];
    for (let index = 0; index < count; index++) {
      const size = reader.unsigned();
      const body = notingBody(bytes, reader.at, reader.at + size, note);
      result.push(unsigned(body.length), body);
      reader.skip(size);
    }
    return [...result, unsigned(noteBody.length), noteBody].flat();
  };
  const parts = [bytes.subarray(0, 8)];
  for (const section of sections) {
    let content = bytes.subarray(section.from, section.end);
    if (section.id === TYPES) content = longer(section, [0x60, 2, I32, I32, 1, I32]);
    if (section.id === FUNCTIONS) content = longer(section, unsigned(types));
    if (section.id === CODE) content = code(section);
    parts.push(Uint8Array.from([section.id, ...unsigned(content.length)]), Uint8Array.from(content));
  }
  return Buffer.concat(parts);
}
