// Takes a soak's samples: what the system says of the process, what the server says of itself, and what its readers have measured.

import { closingGap } from "./soak_judge.ts";
import type { LoadTotals } from "./soak_load.ts";
import type { SoakReaders } from "./soak_readers.ts";
import { quantile, type Sample } from "./soak_report.ts";
import type { ProcessFigures, SoakServer } from "./soak_server.ts";

const MIB = 2 ** 20;
/** The threads that run our code, in the order in which the server starts them: first its own, then those that are named "Worker". */
const ROLES = ["mainCpu", "writerCpu", "compactorCpu", "readerCpu"] as const;

interface Moment {
  readonly at: number;
  readonly stored: number;
  readonly cpu: Record<(typeof ROLES)[number] | "otherCpu", number>;
}

/** Processor time by role, in seconds. Compilers and collectors are "other". */
function cpuOf({ cpuSeconds }: ProcessFigures): Moment["cpu"] {
  const cpu = { mainCpu: 0, writerCpu: 0, compactorCpu: 0, readerCpu: 0, otherCpu: 0 };
  const threads = [...cpuSeconds].map(([name, seconds]) => {
    return { name: name.slice(name.indexOf(" ") + 1), seconds };
  });
  let role = 0;
  for (const [index, { name, seconds }] of threads.entries()) {
    const isOurs = index === 0 || name === "Worker";
    cpu[(isOurs ? ROLES[role++] : undefined) ?? "otherCpu"] += seconds;
  }
  return cpu;
}

export class Sampler {
  readonly samples: Sample[] = [];
  readonly #server: SoakServer;
  readonly #readers: SoakReaders;
  readonly #startedAt = performance.now();
  #before: Moment;

  constructor(server: SoakServer, readers: SoakReaders) {
    this.#server = server;
    this.#readers = readers;
    this.#before = { at: 0, stored: 0, cpu: cpuOf(server.processFigures()) };
  }

  /** One sample, and by how much the sum of the counters did not close in it. */
  async take(): Promise<{ readonly sample: Sample; readonly gap: number }> {
    const metrics = await this.#server.metrics();
    const figures = this.#server.processFigures();
    const { probeMs, questionMs } = this.#readers.takeTimes();
    const at = (performance.now() - this.#startedAt) / 1_000;
    const stored = metrics.get("simplelogs_entries_stored_total") ?? Number.NaN;
    const now: Moment = { at, stored, cpu: cpuOf(figures) };
    const before = this.#before;
    this.#before = now;
    const cores = (role: keyof Moment["cpu"]) => (now.cpu[role] - before.cpu[role]) / (at - before.at);
    const sample: Sample = {
      at,
      residentBytes: figures.residentBytes,
      anonymousBytes: figures.anonymousBytes,
      fileBytes: figures.fileBytes,
      logBytes: figures.logBytes,
      handles: figures.handles,
      threads: figures.threads,
      entriesPerSecond: (stored - before.stored) / (at - before.at),
      records: metrics.get("simplelogs_records") ?? Number.NaN,
      blocks: metrics.get("simplelogs_blocks") ?? Number.NaN,
      openTimings: metrics.get("simplelogs_entries_open") ?? Number.NaN,
      mainCpu: cores("mainCpu"),
      writerCpu: cores("writerCpu"),
      compactorCpu: cores("compactorCpu"),
      readerCpu: cores("readerCpu"),
      otherCpu: cores("otherCpu"),
      probeP50Ms: quantile(probeMs, 0.5),
      probeP99Ms: quantile(probeMs, 0.99),
      probeMaxMs: quantile(probeMs, 1),
      questionP50Ms: quantile(questionMs, 0.5),
      questionMaxMs: quantile(questionMs, 1),
    };
    this.samples.push(sample);
    return { sample, gap: closingGap(metrics) };
  }

  /** A sample in a line, for whoever watches. */
  lineOf(sample: Sample, totals: LoadTotals | undefined): string {
    const mebibytes = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
    const { at, residentBytes, fileBytes, logBytes, entriesPerSecond, probeP99Ms, records, blocks } = sample;
    return (
      `${at.toFixed(0)} s: ${entriesPerSecond.toFixed(0)}/s, behind ${totals?.behind ?? 0}, p99 ${probeP99Ms?.toFixed(1)} ms, resident ` +
      `${mebibytes(residentBytes)}, file ${mebibytes(fileBytes)} + ${mebibytes(logBytes)}, ${records} records, ${blocks} blocks`
    );
  }
}
