import { client } from "./client/client.ts";
import { creation } from "./creation/creation.ts";
import { floors } from "./floors/floors.ts";
import { growth } from "./growth/growth.ts";
import { hogs } from "./hogs/hogs.ts";
import { images } from "./images/images.ts";
import { peers } from "./peers/peers.ts";
import { reload } from "./reload/reload.ts";
import { reloadCrowd } from "./reload-crowd/reload-crowd.ts";
import { reloadEndurance } from "./reload-endurance/reload-endurance.ts";
import { roundTrip } from "./round-trip/round-trip.ts";
import { sessions } from "./sessions/sessions.ts";
import { sleep } from "./sleep/sleep.ts";
import { soak } from "./soak/soak.ts";
import { sleepMany } from "./sleep-many/sleep-many.ts";
import { store } from "./store/store.ts";
import type { Benchmark } from "./support/benchmark.ts";
import { watched } from "./watched/watched.ts";
import { wire } from "./wire/wire.ts";

/** All benchmarks, in the order in which they run and are reported. */
export const benchmarks: readonly Benchmark[] = [
  floors,
  roundTrip,
  watched,
  sessions,
  creation,
  hogs,
  reload,
  sleep,
  growth,
  peers,
  images,
  store,
  client,
  wire,
  reloadCrowd,
  reloadEndurance,
  sleepMany,
  soak,
];
