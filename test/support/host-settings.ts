import { recoveryOf } from "../../src/host/recovery.ts";
import type { SessionHostSettings } from "../../src/host/session-host.ts";
import type { FakeClock } from "./fake-clock.ts";

const quiet = { error() {}, warn() {}, info() {}, debug() {}, trace() {} };

/** Settings of a SessionHost that tests have no opinion about, and those of `settings`. */
export function hostSettings(clock: FakeClock, settings: Partial<SessionHostSettings> = {}): SessionHostSettings {
  return {
    limits: { maxBytes: 10_000, maxMessages: 10 },
    rate: { perSecond: 100, burst: 100 },
    development: true,
    clock,
    log: quiet,
    viewdef: () => undefined,
    hotload: false,
    rollbackOnError: false,
    luaLimits: { timers: 100, variables: 100, output: 100 },
    isolation: "shared",
    maxSessions: 10,
    maxConnections: 10,
    sessionTimeout: 60 * 60_000,
    sleepAfter: 0,
    reconnectWindow: 60_000,
    siteVersion: "",
    recovery: recoveryOf(),
    isWatched: settings.hotload ?? false,
    ...settings,
  };
}
