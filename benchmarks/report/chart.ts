import { BarChart, CustomChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  BarChart,
  CustomChart,
  LineChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  SVGRenderer,
]);

/** What stands for what in all pictures. */
export const colors = { moonpool: "#2f5fd0", second: "#0b7a75", floor: "#8a929c", other: "#d9730d", missed: "#c92a2a" };

export type ChartOptions = echarts.EChartsCoreOption;

/** A chart as the text of an SVG file, made without a browser. The height in pixels; it is always as wide. */
export function svgOf(options: ChartOptions, height = 340): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: "system-ui, sans-serif", color: "#22272e" },
    ...options,
  });
  const text = chart.renderToSVGString();
  chart.dispose();
  return `${text}\n`;
}

const WIDTH = 760;
