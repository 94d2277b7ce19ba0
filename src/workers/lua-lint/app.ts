import type { LuaProblem } from "../../protocol/lua-check.ts";
import { bare, type LuaValue, textOf, type LuaAct } from "../lua-code/values.ts";
import type { LintedFile } from "./linted-file.ts";
import type { LintedSite } from "./lint.ts";

/**
 * Files that make a new app whenever they run. The app of before stays when they are reloaded, but the new one's
 * constructor has run, with all that it does.
 */
export function unguardedApps({ files }: LintedSite): LuaProblem[] {
  return files.flatMap((file) => {
    const { acts } = file.main.trace;
    const guard = acts.find((act) => isGuard(act, file))?.position ?? Infinity;
    return acts.flatMap((act) => {
      if (act.position > guard || !makesApp(act, file)) return [];
      const message =
        "The app is made again, and dropped, each time that the file is reloaded; write if not session:getApp() then … end around it";
      const line = file.lineOf(file.main, act);
      const near = "createAppVariable";
      return [{ code: "LINT_APP" as const, severity: "warning" as const, file: file.file, line, message, near }];
    });
  });
}

function makesApp(act: LuaAct, file: LintedFile): boolean {
  if (act.kind !== "call" || !file.isSessionMethod(act.call.callee, "createAppVariable")) return false;
  const app = act.call.given[1];
  return app !== undefined && file.resolve(app, file.main).value.kind === "result";
}

/** Is it asked whether there is an app already, or whether this is a reload? */
function isGuard(act: LuaAct, file: LintedFile): boolean {
  return (
    act.kind === "test" && act.values.some((value) => asksForApp(bare(file.resolve(value, file.main).value), file))
  );
}

function asksForApp(value: LuaValue, file: LintedFile): boolean {
  if (value.kind === "result") return file.isSessionMethod(value.call.callee, "getApp");
  return (
    value.kind === "field" &&
    textOf(value.key) === "reloading" &&
    value.of.kind === "global" &&
    value.of.name === "session"
  );
}
