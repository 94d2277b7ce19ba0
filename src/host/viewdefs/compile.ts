import { createHash } from "node:crypto";
import type { Viewdef, ViewPlan } from "../../protocol/viewdef.ts";
import { Binder } from "./binder.ts";
import { parseViewdefFile } from "./markup.ts";
import type { Problem, Report } from "./problem.ts";

export interface CompileOptions {
  /** The name of the file in problems, relative to the site. */
  file: string;
  /** Whether `ui-code` may be used. */
  uiCode: boolean;
  /** Whether pages run handlers in attributes. Default: false. */
  allowsInline?: boolean;
}

/** A viewdef in the two forms in which it is used. */
export interface CompiledViewdef {
  /** For the browser. */
  viewdef: Viewdef;
  /** For the Lua runtime. */
  plan: ViewPlan;
}

/** Of a viewdef's text: the same hash means the same viewdef. */
export function hashOf(source: string): string {
  return createHash("sha256").update(source).digest("base64url").slice(0, 22);
}

/**
 * Compiles the text of the viewdef file `key`. Never throws: whatever is wrong is a problem, and a binding that is
 * wrong is left out. `compiled` is absent when the file has no single `<template>` with an element in it. Linear in
 * the length of `source`; about 0.5 ms per KB, twice that with many elements.
 */
export function compileViewdef(
  key: string,
  source: string,
  options: CompileOptions,
): { compiled?: CompiledViewdef; problems: Problem[] } {
  const problems: Problem[] = [];
  const report: Report = (severity, code, message, place) => {
    const { line, column } = place ?? { line: 1, column: 1 };
    problems.push({ code, severity, message, file: options.file, line, column, key });
  };
  const markup = parseViewdefFile(source, report, options.allowsInline);
  if (markup === undefined) return { problems };
  const binder = new Binder({ source, uiCode: options.uiCode, report });
  binder.bindContent(markup.template, markup.content);
  problems.sort((left, right) => left.line - right.line || left.column - right.column);
  return {
    compiled: {
      viewdef: { html: markup.html, bindings: binder.bindings },
      plan: { key, hash: hashOf(source), slots: binder.slots },
    },
    problems,
  };
}
