// How large are images of sessions of the demo, as differences to the birth and to what main.lua came to?
import { pack } from "../../src/workers/image.ts";
import { startEvent, VmSite, VmUser } from "../../test/support/vm-session.ts";
import { startPartsOf } from "../../test/support/lua-session.ts";
import type { Benchmark } from "../support/benchmark.ts";
import { type Finding, found, judged } from "../support/measure.ts";
import { repository } from "../support/site.ts";

const NOW = 1_700_000_000_000;
const TRIES = 30;

async function run(): Promise<Finding[]> {
  const site = await VmSite.load(repository);
  const findings: Finding[] = [];
  const parts = startPartsOf(startEvent(NOW));
  for (const isBased of [false, true]) {
    const name = isBased ? "to the site's base" : "to the birth";
    site.vm.loadImage(null);
    if (isBased) site.load(parts);
    else site.dispatch(parts.load);
    site.dispatch(parts.begin);
    findings.push(...(await sizes(site, `demo session that has just begun, difference ${name}`)));
    const user = new VmUser(site, NOW + 1);
    findings.push(...(await sizes(site, `the same with its first page shown, difference ${name}`)));
    for (let which = 1; which < 6; which++) user.press("open()", 3 + which);
    user.press("../edit()");
    findings.push(...(await sizes(site, `the same after some clicks, difference ${name}`)));
    findings.push(...(await sizes(site, `the same, tidied, difference ${name}`, true, isBased)));
  }
  return findings;
}

async function sizes(site: VmSite, what: string, tidy = false, isJudged = false): Promise<Finding[]> {
  const { vm } = site;
  const saves: number[] = [];
  const loads: number[] = [];
  let image = vm.saveImage({ tidy });
  for (let i = 0; i < TRIES; i++) {
    const before = performance.now();
    image = vm.saveImage();
    const saved = performance.now();
    // Of a VM that another session of the site was in.
    vm.loadImage(image.base && { ...image, runs: new Uint32Array(), data: new Uint8Array() });
    const other = performance.now();
    vm.loadImage(image);
    loads.push(performance.now() - other);
    saves.push(saved - before);
  }
  const packed = (await pack(image)).data.length / 1024;
  return [
    found(`${what}: image`, image.data.length / 1024, "KB"),
    isJudged ? judged(`${what}: packed`, packed, "KB", "<=", 40) : found(`${what}: packed`, packed, "KB"),
    found(`${what}: saving`, saves, "ms"),
    found(`${what}: loading`, loads, "ms"),
  ];
}

export const images: Benchmark = {
  name: "images",
  question: "How large are images of sessions, as differences to the birth and to what main.lua came to?",
  seconds: 8,
  run,
};
