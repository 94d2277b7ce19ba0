// What does an event cost by the number of watched variables, of viewdef files, of rows? One change each time.
import { type Client, openClient } from "./support/client.ts";
import { type Finding, judged, median } from "./support/measure.ts";
import { startProgram } from "./support/processes.ts";
import { listSite, makeSite, watchedSite } from "./support/site.ts";

async function microseconds(client: Client, slot: number, events: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < events + 50; i++) {
    const start = performance.now();
    await client.act(slot);
    if (i >= 50) times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

/** Median µs per event for each slot of a site, measured at a client. */
async function measure(files: Record<string, string>, slots: number[], events: number): Promise<number[]> {
  const { dir, remove } = makeSite(files);
  const host = await startProgram<{ port: number }>("moonpool-server", { dir, rate: { perSecond: 1e9, burst: 1e9 } });
  try {
    const client = await openClient(host.started.port);
    const results: number[] = [];
    for (const slot of slots) results.push(await microseconds(client, slot, events));
    client.close();
    return results;
  } finally {
    await host.stop();
    remove();
  }
}

/** Runs the benchmark. Takes about a minute. */
export async function watched(): Promise<Finding[]> {
  const findings: Finding[] = [];
  let hundred = Number.NaN;
  for (const count of [100, 1_000, 10_000]) {
    const [time = Number.NaN] = await measure(watchedSite(count), [1], 1_000);
    if (count === 100) hundred = time;
    const what = `event with ${count} watched variables, one changed`;
    findings.push(count === 10_000 ? judged(what, time, "µs", "<=", 4_500) : { what, value: time, unit: "µs" });
  }
  for (const files of [100, 1_000]) {
    const [time = Number.NaN] = await measure(watchedSite(100, files), [1], 1_000);
    findings.push({ what: `the same, 100 variables, ${files} viewdef files`, value: time, unit: "µs" });
    findings.push(judged(`${files} viewdef files / 1 viewdef file`, time / hundred, "×", "<=", 1.3));
  }
  const [change = 0, move = 0, insert = 0] = await measure(listSite(10_000), [1, 2, 3], 100);
  findings.push(
    judged("list of 10,000 rows: a field changes", change, "µs", "<=", 37_000),
    { what: "list of 10,000 rows: a row moves", value: move, unit: "µs" },
    { what: "list of 10,000 rows: a row is inserted", value: insert, unit: "µs" },
  );
  return findings;
}
