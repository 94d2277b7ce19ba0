import { curveOf, find } from "./lookup.ts";
import { type ChartOptions, colors, svgOf } from "./chart.ts";
import type { Result } from "./results.ts";
import { number } from "./text.ts";

/** A picture of results: the name of its file without ending, what it shows, the SVG. */
export interface Plot {
  name: string;
  caption: string;
  svg: string;
}

interface Line {
  name: string;
  curve: string;
  color: string;
  isDashed?: boolean;
}

const cpu = (curve: string): string => `${curve}, CPU`;
const axisName = { nameLocation: "middle", nameGap: 28 };

/** Curves over the same x, both axes in powers of ten. */
function curves(results: readonly Result[], title: string, x: string, y: string, lines: readonly Line[]): string {
  const series = lines.map(({ name, curve, color, isDashed }) => ({
    name,
    type: "line",
    data: curveOf(results, curve).map(([x, { median }]) => [x, Math.max(median, 0.01)]),
    symbolSize: 7,
    itemStyle: { color },
    lineStyle: { color, width: 2, type: isDashed ? "dashed" : "solid" },
    label: { show: true, position: isDashed ? "bottom" : "top", color, fontSize: 11, formatter: labelOfPoint },
  }));
  return svgOf({
    title: { text: title, left: 12, top: 8, textStyle: { fontSize: 15 } },
    legend: { top: 34, left: 12, itemGap: 36, itemWidth: 18, data: lines.map(({ name }) => name) },
    grid: { left: 64, right: 32, top: 76, bottom: 52 },
    xAxis: { type: "log", name: x, ...axisName, axisLabel: { formatter: (value: number) => number(value) } },
    yAxis: {
      type: "log",
      name: y,
      nameLocation: "middle",
      nameGap: 48,
      axisLabel: { formatter: (value: number) => number(value) },
    },
    series,
  });
}

function labelOfPoint({ data }: { data: [x: number, y: number] }): string {
  return number(data[1]);
}

/** A horizontal bar, with a whisker over the middle half of the samples. */
interface Bar {
  name: string;
  value: number;
  /** From the first quartile to the third. */
  range?: [number, number] | undefined;
  color: string;
  label?: string;
}

/** The axis may have another form than from 0 to the greatest; bars begin at `base`. */
function bars(title: string, unit: string, given: readonly Bar[], axis: ChartOptions = {}, base = 0): string {
  const bars = given.toReversed();
  const whiskers = bars.map(({ value, range = [value, value] }, index) => [...range, index, Math.max(value, base)]);
  const labels = bars.map(({ label, value }) => label ?? number(value));
  const formatter = (value: number): string => number(value);
  return svgOf(
    {
      title: { text: title, left: 12, top: 8, textStyle: { fontSize: 15 } },
      grid: { left: 300, right: 92, top: 44, bottom: 44 },
      xAxis: { type: "value", name: unit, ...axisName, axisLabel: { formatter }, ...axis },
      yAxis: {
        type: "category",
        data: bars.map(({ name }) => name),
        axisLabel: { width: 225, overflow: "break", fontSize: 11 },
        axisTick: { show: false },
      },
      series: [
        { type: "bar", barMaxWidth: 18, data: bars.map(({ value, color }) => ({ value, itemStyle: { color } })) },
        {
          type: "custom",
          data: whiskers,
          encode: { x: [0, 1], y: 2 },
          renderItem: (_: unknown, drawn: Drawn) => whisker(drawn, labels[drawn.value(2)] ?? ""),
        },
      ],
    },
    96 + 30 * bars.length,
  );
}

/** What ECharts gives for drawing a datum; the dimensions are those of `whiskers`. */
interface Drawn {
  value: (dimension: number) => number;
  coord: (point: [number, number]) => [number, number];
}

/** The line over the middle half of the samples, and behind it and the bar what the bar stands for. */
function whisker({ value, coord }: Drawn, text: string): object {
  const [from, y] = coord([value(0), value(2)]);
  const [to] = coord([value(1), value(2)]);
  const [end] = coord([value(3), value(2)]);
  const line = (x1: number, y1: number, x2: number, y2: number): object => {
    return { type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: "#22272e", lineWidth: 1 } };
  };
  const range = to > from ? [line(from, y, to, y), line(from, y - 4, from, y + 4), line(to, y - 4, to, y + 4)] : [];
  const style = { text, x: Math.max(to, end) + 6, y, verticalAlign: "middle", fontSize: 11, fill: "#22272e" };
  return { type: "group", children: [...range, { type: "text", style }] };
}

/** A bar of each of some findings that there are. */
function barsOf(
  results: readonly Result[],
  benchmark: string,
  wanted: readonly [what: string, name: string, color: string][],
): Bar[] {
  return wanted.flatMap(([what, name, color]) => {
    const finding = find(results, benchmark, what);
    if (finding === undefined) return [];
    const { median, spread } = finding;
    return [{ name, value: median, range: spread && [spread.q1, spread.q3], color }];
  });
}

/** Of everything that has a target: how many times the target it is, where 1 and less is met. */
function targets(results: readonly Result[]): string {
  const judged = results.flatMap(({ findings }) => findings).filter(({ target }) => target && target.value > 0);
  const given = judged.map(({ benchmark, what, median, target, ok }): Bar => {
    const share = target?.comparison === ">=" ? target.value / median : median / (target?.value ?? 1);
    const color = ok ? colors.moonpool : colors.missed;
    return {
      name: `${benchmark}: ${what}`,
      value: Math.min(Math.max(share, 0.01), 100),
      color,
      label: `${number(share)} ×`,
    };
  });
  const axis = { type: "log", min: 0.01, max: 100 };
  return bars("Share of the target that is used: up to 1 is met", "× target", given, axis, 1);
}

function roundTrip(results: readonly Result[], suffix: string, title: string, unit: string): string {
  const what = `100 sessions in closed loop, `;
  return bars(
    title,
    unit,
    barsOf(results, "round-trip", [
      [`${what}bare echo${suffix}`, "bare ws echo", colors.floor],
      [`${what}echo through a thread and a Lua call${suffix}`, "echo through a thread and a Lua call", colors.second],
      [`${what}event${suffix}`, "Moonpool", colors.moonpool],
      [`${what}event, 1000 viewdef files${suffix}`, "Moonpool, 1,000 viewdef files", colors.moonpool],
    ]),
  );
}

function peers(results: readonly Result[]): string {
  const apps = [
    "counter, one session",
    "form echo, one session",
    "list of 1,000 rows, one changes",
    "list of 10,000 rows, one changes",
  ];
  const contenders: [string, string][] = [
    ["by hand", colors.floor],
    ["Moonpool", colors.moonpool],
    ["LiveViewJS", colors.other],
  ];
  const wanted = apps.flatMap((app) =>
    contenders.map(([name, color]): [string, string, string] => [`${app}: ${name}`, `${app}: ${name}`, color]),
  );
  return bars("The same app on each server: round trip of an event", "µs", barsOf(results, "peers", wanted), {
    type: "log",
    min: 10,
  });
}

const pair = (curve: string, unit: "round trip" | "events"): Line[] => [
  { name: unit, curve, color: colors.moonpool },
  { name: "CPU of the server per event", curve: cpu(curve), color: colors.second, isDashed: true },
];

/** All pictures, of those results that there are. */
export function plotsOf(results: readonly Result[]): Plot[] {
  const has = (name: string): boolean => results.some(({ benchmark }) => benchmark === name);
  const plots: (Plot | false)[] = [
    { name: "targets", caption: "Everything that has a target.", svg: targets(results) },
    has("round-trip") && {
      name: "throughput",
      caption:
        "Events per second of 100 sessions that each wait for the answer; whiskers are the middle half of the rounds.",
      svg: roundTrip(results, "", "100 sessions in closed loop", "events per second"),
    },
    has("round-trip") && {
      name: "cpu",
      caption: "Processor time of the server for each of these events.",
      svg: roundTrip(results, ", CPU of the server per event", "CPU of the server per event", "µs"),
    },
    has("peers") && { name: "peers", caption: "The same small apps on three servers.", svg: peers(results) },
    ...(has("growth") ? growthPlots(results) : []),
  ];
  return plots.filter((plot) => plot !== false);
}

function growthPlots(results: readonly Result[]): Plot[] {
  const rows = ([name, color]: [string, string]): Line[] => [
    { name: `${name}, round trip`, curve: `rows, ${name}`, color },
    { name: `${name}, CPU`, curve: cpu(`rows, ${name}`), color, isDashed: true },
  ];
  const lists = [...rows(["all live", colors.moonpool]), ...rows(["windowed", colors.other])];
  const memory: Line[] = [
    { name: "by watched fields", curve: "watched fields, memory", color: colors.moonpool },
    { name: "by rows, all live", curve: "rows, all live, memory", color: colors.second },
    { name: "by viewdef files", curve: "viewdef files, memory", color: colors.other },
  ];
  return [
    {
      name: "growth-fields",
      caption: "One change, by the number of fields that are watched.",
      svg: curves(
        results,
        "One change among so many watched fields",
        "watched fields",
        "µs",
        pair("watched fields", "round trip"),
      ),
    },
    {
      name: "growth-rows",
      caption: "One change, by the length of the list.",
      svg: curves(results, "One change in a list of so many rows", "rows", "µs", lists),
    },
    {
      name: "growth-viewdefs",
      caption: "One change, by the number of viewdef files of the site.",
      svg: curves(
        results,
        "One change in a site of so many viewdef files",
        "viewdef files",
        "µs",
        pair("viewdef files", "round trip"),
      ),
    },
    {
      name: "growth-sessions",
      caption: "Events per second and CPU per event, by the number of sessions in closed loop.",
      svg: curves(results, "So many sessions in closed loop", "sessions", "events/s, µs", pair("sessions", "events")),
    },
    {
      name: "growth-threads",
      caption: "Events per second and CPU per event of 100 sessions, by the number of threads.",
      svg: curves(results, "100 sessions on so many threads", "threads", "events/s, µs", pair("threads", "events")),
    },
    {
      name: "growth-memory",
      caption: "Memory of a session that was just opened and holds a VM, by what it shows.",
      svg: curves(results, "Memory of a session that holds a VM", "fields, rows, files", "KB", memory),
    },
  ];
}
