// Draws a soak's samples as one SVG: panels one below the other over the same time, each with an axis from 0.

import type { FigureName, Sample } from "./report.ts";

interface Line {
  readonly figure: FigureName;
  readonly name: string;
}

interface Panel {
  readonly title: string;
  readonly divisor: number;
  readonly lines: readonly Line[];
}

const MIB = 2 ** 20;
const PANELS: readonly Panel[] = [
  {
    title: "memory, MiB",
    divisor: MIB,
    lines: [
      { figure: "residentBytes", name: "resident" },
      { figure: "anonymousBytes", name: "anonymous" },
    ],
  },
  {
    title: "disk, MiB",
    divisor: MIB,
    lines: [
      { figure: "fileBytes", name: "data file" },
      { figure: "logBytes", name: "write-ahead log" },
    ],
  },
  { title: "entries a second", divisor: 1, lines: [{ figure: "entriesPerSecond", name: "committed" }] },
  {
    title: "response to a single entry, ms",
    divisor: 1,
    lines: [
      { figure: "probeP99Ms", name: "p99 of 5 s" },
      { figure: "probeP50Ms", name: "p50" },
    ],
  },
  {
    title: "queries, ms",
    divisor: 1,
    lines: [
      { figure: "queryMaxMs", name: "longest of 5 s" },
      { figure: "queryP50Ms", name: "p50" },
    ],
  },
  {
    title: "processor, cores",
    divisor: 1,
    lines: [
      { figure: "mainCpu", name: "main" },
      { figure: "writerCpu", name: "writer" },
      { figure: "compactorCpu", name: "compactor" },
      { figure: "readerCpu", name: "reader" },
      { figure: "otherCpu", name: "other" },
    ],
  },
  { title: "records", divisor: 1, lines: [{ figure: "records", name: "records" }] },
  {
    title: "blocks, open handles",
    divisor: 1,
    lines: [
      { figure: "blocks", name: "blocks" },
      { figure: "handles", name: "open handles" },
    ],
  },
];
const COLOURS = ["#1f6feb", "#d1570b", "#2a8a3e", "#8250df", "#8b949e"];
const WIDTH = 1_000;
const LEFT = 80;
const RIGHT = 20;
const PANEL_HEIGHT = 150;
const PLOT_HEIGHT = 95;
const TICKS = 4;

/** The next of 1, 2, 2.5, 5, 10 … times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power;
}

function pathOf(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

function panelSvg({ title, divisor, lines }: Panel, samples: readonly Sample[], top: number): string {
  const end = samples.at(-1)?.at ?? 1;
  const highest = Math.max(...samples.flatMap((sample) => lines.map(({ figure }) => (sample[figure] ?? 0) / divisor)));
  const scale = roundUp(highest);
  const x = (at: number) => LEFT + (at / Math.max(end, 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => top + PLOT_HEIGHT * (1 - value / scale);
  const parts = [`<text x="${LEFT}" y="${top - 8}" font-weight="bold">${title}</text>`];
  for (let tick = 0; tick <= TICKS; tick++) {
    const value = (scale * tick) / TICKS;
    const label = value.toLocaleString("en", { maximumSignificantDigits: 3 });
    parts.push(
      `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#d0d7de" fill="none"/>`,
      `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${label}</text>`,
    );
    const minutes = (end / 60 / TICKS) * tick;
    const anchor = tick === 0 ? "start" : tick === TICKS ? "end" : "middle";
    const text = `${minutes.toLocaleString("en", { maximumFractionDigits: 1 })} min`;
    parts.push(`<text x="${x(minutes * 60)}" y="${top + PLOT_HEIGHT + 15}" text-anchor="${anchor}">${text}</text>`);
  }
  for (const [index, { figure, name }] of lines.entries()) {
    const points = samples.flatMap((sample): [number, number][] => {
      const value = sample[figure];
      return value === null ? [] : [[x(sample.at), y(value / divisor)]];
    });
    const colour = COLOURS[index] ?? "black";
    parts.push(
      `<path d="${pathOf(points)}" stroke="${colour}" stroke-width="1.5" fill="none"/>`,
      `<text x="${LEFT + 260 + index * 140}" y="${top - 8}" fill="${colour}">${name}</text>`,
    );
  }
  return parts.join("\n");
}

/** The samples drawn. There must be one at least. */
export function soakSvg(samples: readonly Sample[], title: string): string {
  const height = 60 + PANELS.length * PANEL_HEIGHT;
  const escaped = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${LEFT}" y="24" font-size="15">${escaped}</text>
${PANELS.map((panel, index) => panelSvg(panel, samples, 65 + index * PANEL_HEIGHT)).join("\n")}
</svg>
`;
}
