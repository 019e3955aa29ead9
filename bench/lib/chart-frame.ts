/*
 * What every chart shares: size, colours, title, legend, the value axis. Plain SVG text; the background is painted and
 * both colour schemes are in the file, so it is readable wherever it is shown.
 */

export type Series = { name: string; values: readonly (number | undefined)[] };

export type ChartText = {
  title: string;
  /** With its unit. */
  xLabel: string;
  /** With its unit. */
  yLabel: string;
};

export type Scale = "linear" | "log";

export const WIDTH = 760;
export const HEIGHT = 420;
/** The room for the drawing itself, within title, legend, and axis labels. */
export const PLOT = { left: 78, right: 740, top: 98, bottom: 352 };

/** As many as there are, in this order; a chart with more series is not readable. */
const SERIES_COLORS = [
  { light: "#1f6feb", dark: "#58a6ff" },
  { light: "#bc4c00", dark: "#f0883e" },
  { light: "#1a7f37", dark: "#56d364" },
  { light: "#8250df", dark: "#d2a8ff" },
  { light: "#57606a", dark: "#b1bac4" },
  { light: "#bf3989", dark: "#ff9bce" },
];
export const MAX_SERIES = SERIES_COLORS.length;

const LEGEND_TOP = 42;
const LEGEND_ROW = 18;
const LEGEND_CHARACTER_WIDTH = 7;
const LEGEND_GAP = 34;
const LINEAR_TICKS = 5;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .paper { fill: #ffffff } .grid { stroke: #d0d7de; stroke-width: 1 } .axis { stroke: #57606a; stroke-width: 1 }
  .line { fill: none; stroke-width: 2 } .limit { stroke: #57606a; stroke-width: 1.5; stroke-dasharray: 6 4 }
  ${SERIES_COLORS.map(({ light }, index) => `.s${index} { fill: ${light}; stroke: ${light} }`).join(" ")}
  .line { fill: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .paper { fill: #0d1117 } .grid { stroke: #30363d } .axis, .limit { stroke: #b1bac4 }
    ${SERIES_COLORS.map(({ dark }, index) => `.s${index} { fill: ${dark}; stroke: ${dark} }`).join(" ")}
    .line { fill: none }
  }`;

/** @param drawing what stands between axes and legend */
export function frame(text: ChartText, names: readonly string[], drawing: string): string {
  const middle = (PLOT.left + PLOT.right) / 2;
  const height = (PLOT.top + PLOT.bottom) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escaped(text.title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `<text class="title" x="${PLOT.left}" y="28">${escaped(text.title)}</text>`,
    legend(names),
    drawing,
    `<text x="${middle}" y="${HEIGHT - 16}" text-anchor="middle">${escaped(text.xLabel)}</text>`,
    `<text transform="translate(20 ${height}) rotate(-90)" text-anchor="middle">${escaped(text.yLabel)}</text>`,
    "</svg>\n",
  ].join("\n");
}

/** In as many rows as its names need. */
function legend(names: readonly string[]): string {
  if (names.length > MAX_SERIES) throw new RangeError(`A chart shows at most ${MAX_SERIES} series`);
  let x = PLOT.left;
  let y = LEGEND_TOP;
  const entries = names.map((name, index) => {
    const width = LEGEND_GAP + name.length * LEGEND_CHARACTER_WIDTH;
    if (x > PLOT.left && x + width > WIDTH) {
      x = PLOT.left;
      y += LEGEND_ROW;
    }
    const entry = `<rect class="s${index}" x="${x}" y="${y}" width="12" height="12" rx="2"/><text x="${x + 18}" y="${y + 11}">${escaped(name)}</text>`;
    x += width;
    return entry;
  });
  return entries.join("\n");
}

export type ValueAxis = { y: (value: number) => number; svg: string };

/** The vertical axis over all values, from 0 or, on a log scale, from the power of ten below the least. */
export function valueAxis(values: readonly number[], scale: Scale): ValueAxis {
  const most = Math.max(...values, scale === "log" ? Number.MIN_VALUE : 0);
  const { ticks, place } = scale === "log" ? logTicks(Math.min(...values), most) : linearTicks(most);
  const y = (value: number) => PLOT.bottom - place(value) * (PLOT.bottom - PLOT.top);
  const lines = ticks.map((tick) => {
    const at = round(y(tick));
    return `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/><text x="${PLOT.left - 8}" y="${at + 4}" text-anchor="end">${tickText(tick)}</text>`;
  });
  return { y, svg: [...lines, baseline()].join("\n") };
}

function baseline(): string {
  return `<line class="axis" x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>`;
}

function linearTicks(most: number) {
  const step = roundStep(most / LINEAR_TICKS || 1);
  const top = Math.max(step, Math.ceil(most / step) * step);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { ticks, place: (value: number) => value / top };
}

function logTicks(least: number, most: number) {
  const low = Math.floor(Math.log10(Math.max(least, Number.MIN_VALUE)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { ticks, place: (value: number) => (Math.log10(value) - low) / (high - low) };
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= step * (1 - Number.EPSILON)) ?? 10;
  return factor * power;
}

function tickText(tick: number): string {
  return Number(tick.toPrecision(6)).toLocaleString("en", { maximumSignificantDigits: 6 });
}

export function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
