import type { LoadResult } from "../run.ts";

/** As much of uPlot and of a page as is used here; this folder is compiled without the DOM. */
type PlotClass = new (options: object, data: (number | null)[][], target: unknown) => unknown;
interface Page {
  getElementById(id: string): { clientWidth: number } | null;
}

/**
 * Draws the plots of a report. Its text is put into the page, so it uses nothing from outside.
 */
export function drawPlots(result: LoadResult, uPlot: PlotClass): void {
  const page = (globalThis as unknown as { document: Page }).document;
  const colors = ["#2563eb", "#d9480f", "#2b8a3e", "#862e9c", "#868e96", "#0b7285", "#e67700", "#c2255c"];
  const { timeline, times, server } = result;
  const draw = (
    id: string,
    x: number[],
    lines: { label: string; values: (number | null)[] }[],
    more: { scales?: object; axes?: object[]; bottom?: (value: number) => string } = {},
  ): unknown => {
    const target = page.getElementById(id);
    if (!target || x.length === 0) return undefined;
    return new uPlot(
      {
        width: target.clientWidth,
        height: 260,
        scales: {
          x: { time: false },
          y: { range: (_plot: unknown, _least: number, most: number) => [0, (most || 1) * 1.08] },
          ...more.scales,
        },
        axes: more.axes ?? [{ label: "seconds" }, {}],
        series: [
          {
            label: more.bottom ? "percentile" : "second",
            ...(more.bottom && {
              value: (_plot: unknown, value: number | null) => (value === null ? "" : more.bottom?.(value)),
            }),
          },
          ...lines.map(({ label }, index) => ({
            label,
            stroke: colors[index % colors.length],
            width: 2,
            points: { show: x.length < 3 },
          })),
        ],
      },
      [x, ...lines.map(({ values }) => values)],
      target,
    );
  };
  const seconds = timeline.map(({ second }) => second);
  draw("latency", seconds, [
    { label: "p50", values: timeline.map(({ p50 }) => p50) },
    { label: "p99", values: timeline.map(({ p99 }) => p99) },
  ]);
  draw("throughput", seconds, [
    { label: "events", values: timeline.map(({ events }) => events) },
    { label: "errors", values: timeline.map(({ errors }) => errors) },
  ]);
  const samples = new Map((server?.samples ?? []).map((sample) => [sample.second, sample]));
  const states = [
    ...new Set(
      (server?.samples ?? []).flatMap(({ sessions }) => Object.keys(sessions).filter((state) => sessions[state])),
    ),
  ];
  draw("users", seconds, [
    { label: "users", values: timeline.map(({ users }) => users) },
    ...states.map((state) => ({
      label: `${state} on the host`,
      values: seconds.map((second) => samples.get(second)?.sessions[state] ?? null),
    })),
  ]);
  // Each step to the right is a tenth of what was left: 90, 99, 99.9, …
  const nines = (percentile: number): number => -Math.log10(1 - Math.min(percentile, 99.9995) / 100);
  const kinds = Object.entries(times).filter(([, { count }]) => count > 0);
  const x = kinds[0]?.[1].percentiles.map(([percentile]) => nines(percentile)) ?? [];
  const percentileAt = (value: number): string => `${Number((100 * (1 - 10 ** -value)).toPrecision(6))} %`;
  const lines = kinds.map(([kind, { percentiles }]) => ({
    label: kind,
    values: percentiles.map(([, ms]) => Math.max(ms, 0.001)),
  }));
  draw("distribution", x, lines, {
    scales: { y: { distr: 3 } },
    axes: [
      {
        values: (_plot: unknown, ticks: number[]) =>
          ticks.map((tick) => (Number.isInteger(tick) ? percentileAt(tick) : "")),
      },
      { size: 60 },
    ],
    bottom: percentileAt,
  });
}
