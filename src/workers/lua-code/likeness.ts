import { createHash } from "node:crypto";
import type { LuaFunction } from "./functions.ts";
import { instruction } from "./instructions.ts";
import { codeBytes } from "./lua-dump.ts";

const shapes = new WeakMap<LuaFunction, string>();
const tokens = new WeakMap<LuaFunction, Map<string, number>>();

/** The same for two functions that do the same in the same way, wherever they stand and whatever they are called. */
export function shapeOf(each: LuaFunction): string {
  const known = shapes.get(each);
  if (known !== undefined) return known;
  const names = each.upvalues.map(({ name }) => name);
  const shape = createHash("sha256")
    .update(JSON.stringify([names, each.children.map(shapeOf)]))
    .update(codeBytes(each.proto))
    .digest("base64url");
  shapes.set(each, shape);
  return shape;
}

/** From 0, nothing in common, to 1: how many of their constants, variables and operations two functions share. */
export function similarity(left: LuaFunction, right: LuaFunction): number {
  const [ours, theirs] = [tokensOf(left), tokensOf(right)];
  let shared = 0;
  let total = 0;
  for (const [token, count] of ours) {
    shared += Math.min(count, theirs.get(token) ?? 0);
    total += count;
  }
  for (const count of theirs.values()) total += count;
  return total === 0 ? 1 : (2 * shared) / total;
}

function tokensOf(each: LuaFunction): Map<string, number> {
  const known = tokens.get(each);
  if (known) return known;
  const counts = new Map<string, number>();
  const count = (token: string): void => void counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const word of each.proto.code) count(instruction.operation(word));
  for (const constant of each.proto.constants) {
    count(typeof constant === "object" ? `"${constant?.text ?? ""}"` : String(constant));
  }
  for (const { name } of each.upvalues) count(`variable ${name}`);
  for (const { label } of each.children) count(`function ${label.text}`);
  tokens.set(each, counts);
  return counts;
}
