import { type ChartText, escaped, frame, PLOT, round, type Scale, type Series, valueAxis } from "./chart-frame.ts";
import { figure } from "./markdown.ts";

/** Of the room of one group. */
const GROUP_SHARE = 0.78;
const MIN_X_SPAN = 1e-9;

export type BarChart = ChartText & {
  /** One group of bars for each; each series has a value for each, or none. */
  groups: readonly string[];
  series: readonly Series[];
  scale?: Scale;
  /** A line across, at a value that is aimed at. */
  limit?: { value: number; label: string };
};

/** Bars in groups, each with its value above it. @returns SVG */
export function barChart({ groups, series, scale = "linear", limit, ...text }: BarChart): string {
  const values = series.flatMap((one) => one.values.filter(drawable));
  const axis = valueAxis(limit ? [...values, limit.value] : values, scale);
  const groupWidth = (PLOT.right - PLOT.left) / Math.max(1, groups.length);
  const barWidth = (groupWidth * GROUP_SHARE) / Math.max(1, series.length);
  const drawing = groups.flatMap((group, column) => {
    const left = PLOT.left + groupWidth * (column + (1 - GROUP_SHARE) / 2);
    const bars = series.flatMap(({ values: own }, index) => {
      const value = own[column];
      if (!drawable(value)) return [];
      const x = round(left + barWidth * index);
      const y = round(axis.y(value));
      const width = round(barWidth * 0.92);
      return [
        `<rect class="s${index}" x="${x}" y="${y}" width="${width}" height="${round(PLOT.bottom - y)}"/>`,
        `<text x="${round(x + width / 2)}" y="${y - 5}" text-anchor="middle" font-size="10">${figure(value)}</text>`,
      ];
    });
    const middle = round(PLOT.left + groupWidth * (column + 0.5));
    return [...bars, `<text x="${middle}" y="${PLOT.bottom + 20}" text-anchor="middle">${escaped(group)}</text>`];
  });
  return frame(text, names(series), [axis.svg, ...drawing, limitLine(axis.y, limit)].join("\n"));
}

export type LineChart = ChartText & {
  /** One for each value of every series, ascending; above 0 on a log scale. */
  xs: readonly number[];
  series: readonly Series[];
  xScale?: Scale;
  scale?: Scale;
  /** How a place on the horizontal axis is written. */
  xText?: (x: number) => string;
  limit?: { value: number; label: string };
};

/** Lines over a numeric axis, a dot at each value. @returns SVG */
export function lineChart(chart: LineChart): string {
  const { xs, series, xScale = "linear", scale = "linear", xText = figure, limit, ...text } = chart;
  const values = series.flatMap((one) => one.values.filter(drawable));
  const axis = valueAxis(limit ? [...values, limit.value] : values, scale);
  const x = horizontal(xs, xScale);
  const lines = series.flatMap(({ values: own }, index) => {
    const points = xs.flatMap((at, place) => {
      const value = own[place];
      return !drawable(value) ? [] : [{ x: round(x(at)), y: round(axis.y(value)) }];
    });
    return [
      `<polyline class="s${index} line" points="${points.map((point) => `${point.x},${point.y}`).join(" ")}"/>`,
      ...points.map((point) => `<circle class="s${index}" cx="${point.x}" cy="${point.y}" r="4"/>`),
    ];
  });
  const labels = xs.map(
    (at) => `<text x="${round(x(at))}" y="${PLOT.bottom + 20}" text-anchor="middle">${escaped(xText(at))}</text>`,
  );
  return frame(text, names(series), [axis.svg, ...lines, ...labels, limitLine(axis.y, limit)].join("\n"));
}

/** A figure that could not be had leaves a gap. */
function drawable(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

function horizontal(xs: readonly number[], scale: Scale): (x: number) => number {
  const along = scale === "log" ? Math.log10 : (x: number) => x;
  const first = along(Math.min(...xs));
  const span = Math.max(MIN_X_SPAN, along(Math.max(...xs)) - first);
  const inset = 30;
  return (x) => PLOT.left + inset + ((along(x) - first) / span) * (PLOT.right - PLOT.left - 2 * inset);
}

function limitLine(y: (value: number) => number, limit: { value: number; label: string } | undefined): string {
  if (!limit) return "";
  const at = round(y(limit.value));
  return `<line class="limit" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/><text x="${PLOT.right}" y="${at - 5}" text-anchor="end">${escaped(limit.label)}</text>`;
}

function names(series: readonly Series[]): string[] {
  return series.map(({ name }) => name);
}
