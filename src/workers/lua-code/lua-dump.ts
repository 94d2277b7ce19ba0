import { DumpReader, DumpWriter } from "./dump-bytes.ts";

/** A constant of Lua code. Strings are bytes: one character each (latin1). Integers are bigint, floats number. */
export type LuaConstant = null | boolean | bigint | number | { text: string };

/** A local variable: where it is in scope, as positions in the code, `end` not included. */
export interface LuaLocal {
  name: string;
  start: number;
  end: number;
}

/** How a closure finds an upvalue: in a register of the function around it, or among that function's upvalues. */
export interface LuaUpvalue {
  name: string;
  inStack: boolean;
  index: number;
  kind: number;
}

/** A Lua function as the compiler made it: what `string.dump` writes, taken apart. */
export interface LuaProto {
  /** Chunk name, or undefined when it is that of the function around. */
  source: string | undefined;
  /** 0 in the function that is the file itself. */
  lineDefined: number;
  lastLineDefined: number;
  parameters: number;
  /** 0 or 1. */
  isVararg: number;
  stackSize: number;
  code: Uint32Array;
  constants: LuaConstant[];
  upvalues: LuaUpvalue[];
  protos: LuaProto[];
  /** For each instruction the difference of its line to the one before, or -128: see `absoluteLines`. */
  lineSteps: Int8Array;
  absoluteLines: { position: number; line: number }[];
  locals: LuaLocal[];
}

/** Signature, version 5.4, format 0, what must survive transport, the sizes of types, and a sample of each number. */
const HEADER = Buffer.from("\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08".padEnd(31, "\0"), "latin1");
HEADER.writeBigInt64LE(0x5678n, 15);
HEADER.writeDoubleLE(370.5, 23);

/** The type of a constant, as the dump has it. */
const NIL = 0x00;
const FALSE = 0x01;
const TRUE = 0x11;
const INTEGER = 0x03;
const FLOAT = 0x13;
const SHORT_STRING = 0x04;
const LONG_STRING = 0x14;
/** Bytes; Lua keeps longer strings elsewhere. */
const LONGEST_SHORT_STRING = 40;

/** Takes a binary chunk of Lua 5.4 apart. Throws Error when it is none: such a chunk was not made by this Lua. */
export function parseDump(bytes: Uint8Array): LuaProto {
  const reader = new DumpReader(bytes);
  if (!HEADER.equals(reader.bytes(HEADER.length))) throw new Error("not a binary chunk of Lua 5.4");
  reader.byte();
  const main = readProto(reader);
  if (!reader.atEnd) throw new Error("a binary chunk with something behind it");
  return main;
}

/**
 * Writes a function as a binary chunk; loaded, it is a closure with fresh upvalues. `lastLine` tells what to write as
 * `lastLineDefined` of it and of each function in it, `source` is its chunk name if it is not in the function itself.
 */
export function writeDump(
  proto: LuaProto,
  { source = proto.source, lastLine = (of: LuaProto) => of.lastLineDefined } = {},
): Buffer {
  const writer = new DumpWriter();
  writer.bytes(HEADER);
  writer.byte(proto.upvalues.length);
  writeProto(writer, { ...proto, source }, lastLine, lastLine(proto));
  return writer.take();
}

/** What tells one function from another, without those inside it, as bytes. */
export function ownBytes(proto: LuaProto): Buffer {
  const writer = new DumpWriter();
  writer.size(proto.lineDefined);
  writer.size(proto.lastLineDefined);
  writeCode(writer, proto);
  writeNames(writer, proto);
  return writer.take();
}

/** What a function does, as bytes: without lines and names of variables, and without the functions inside it. */
export function codeBytes(proto: LuaProto): Buffer {
  const writer = new DumpWriter();
  writeCode(writer, proto);
  return writer.take();
}

/** An integer is not the same as the float of its value. */
export function isSameConstant(left: LuaConstant, right: LuaConstant): boolean {
  if (typeof left !== "object" || typeof right !== "object") return left === right;
  return left?.text === right?.text;
}

function readProto(reader: DumpReader): LuaProto {
  const source = reader.string();
  const lineDefined = reader.size();
  const lastLineDefined = reader.size();
  const parameters = reader.byte();
  const isVararg = reader.byte();
  const stackSize = reader.byte();
  const code = reader.words(reader.size());
  const constants = reader.list(() => readConstant(reader));
  const upvalues = reader.list(() => {
    return { name: "", inStack: reader.byte() !== 0, index: reader.byte(), kind: reader.byte() };
  });
  const protos = reader.list(() => readProto(reader));
  const lineSteps = new Int8Array(reader.bytes(reader.size()));
  const absoluteLines = reader.list(() => ({ position: reader.size(), line: reader.size() }));
  const locals = reader.list(() => ({ name: reader.string() ?? "", start: reader.size(), end: reader.size() }));
  const names = reader.list(() => reader.string() ?? "");
  for (const [index, upvalue] of upvalues.entries()) upvalue.name = names[index] ?? "";
  const head = { source, lineDefined, lastLineDefined, parameters, isVararg, stackSize };
  return { ...head, code, constants, upvalues, protos, lineSteps, absoluteLines, locals };
}

function writeProto(
  writer: DumpWriter,
  proto: LuaProto,
  lastLine: (of: LuaProto) => number,
  last = lastLine(proto),
): void {
  writer.string(proto.source);
  writer.size(proto.lineDefined);
  writer.size(last);
  writeCode(writer, proto, () => writeUpvalues(writer, proto));
  writer.list(proto.protos, (inner) => writeProto(writer, inner, lastLine));
  writeNames(writer, proto);
  writer.list(proto.upvalues, ({ name }) => writer.string(name));
}

function writeCode(writer: DumpWriter, proto: LuaProto, writeUpvalues?: () => void): void {
  writer.byte(proto.parameters);
  writer.byte(proto.isVararg);
  writer.byte(proto.stackSize);
  writer.size(proto.code.length);
  writer.words(proto.code);
  writer.list(proto.constants, (constant) => writeConstant(writer, constant));
  writeUpvalues?.();
}

function writeUpvalues(writer: DumpWriter, proto: LuaProto): void {
  writer.list(proto.upvalues, ({ inStack, index, kind }) => {
    writer.byte(inStack ? 1 : 0);
    writer.byte(index);
    writer.byte(kind);
  });
}

function writeNames(writer: DumpWriter, proto: LuaProto): void {
  writer.size(proto.lineSteps.length);
  writer.bytes(new Uint8Array(proto.lineSteps.buffer, proto.lineSteps.byteOffset, proto.lineSteps.length));
  writer.list(proto.absoluteLines, ({ position, line }) => {
    writer.size(position);
    writer.size(line);
  });
  writer.list(proto.locals, ({ name, start, end }) => {
    writer.string(name);
    writer.size(start);
    writer.size(end);
  });
}

function readConstant(reader: DumpReader): LuaConstant {
  const type = reader.byte();
  switch (type) {
    case NIL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case INTEGER:
      return reader.integer();
    case FLOAT:
      return reader.float();
    case SHORT_STRING:
    case LONG_STRING:
      return { text: reader.string() ?? "" };
    default:
      throw new Error(`a constant of type ${type} in a binary chunk`);
  }
}

function writeConstant(writer: DumpWriter, constant: LuaConstant): void {
  if (constant === null) writer.byte(NIL);
  else if (typeof constant === "boolean") writer.byte(constant ? TRUE : FALSE);
  else if (typeof constant === "bigint") {
    writer.byte(INTEGER);
    writer.integer(constant);
  } else if (typeof constant === "number") {
    writer.byte(FLOAT);
    writer.float(constant);
  } else {
    writer.byte(constant.text.length > LONGEST_SHORT_STRING ? LONG_STRING : SHORT_STRING);
    writer.string(constant.text);
  }
}

/** The step of an instruction whose line is in `absoluteLines`. */
const ABSOLUTE = -128;

/** The line of each of a function's instructions, from 1. */
export function linesOf({ lineDefined, lineSteps, absoluteLines }: LuaProto): number[] {
  const absolute = new Map(absoluteLines.map(({ position, line }) => [position, line]));
  let line = lineDefined;
  return Array.from(lineSteps, (step, position) => {
    line = step === ABSOLUTE ? (absolute.get(position) ?? line) : line + step;
    return line;
  });
}
