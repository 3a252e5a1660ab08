// Takes a soak's samples from three sources: /proc, the server's own metrics, and the times that the readers have
// measured.

import { closingGap } from "../../../test/support/load.ts";
import type { ThreadSeconds } from "../process_figures.ts";
import type { LoadTotals } from "./load.ts";
import type { SoakReaders } from "./readers.ts";
import { quantile, type Sample } from "./report.ts";
import type { SoakServer } from "./server.ts";

const MIB = 2 ** 20;
interface Moment {
  readonly at: number;
  readonly stored: number;
  readonly cpu: ThreadSeconds;
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
    this.#before = { at: 0, stored: 0, cpu: server.processFigures().cpuSeconds };
  }

  /** One sample, and by how much the sum of the counters did not close in it. */
  async take(): Promise<{ readonly sample: Sample; readonly gap: number }> {
    const metrics = await this.#server.metrics();
    const figures = this.#server.processFigures();
    const { probeMs, queryMs } = this.#readers.takeTimes();
    const at = (performance.now() - this.#startedAt) / 1_000;
    const stored = metrics.get("simplelogs_entries_stored_total") ?? Number.NaN;
    const now: Moment = { at, stored, cpu: figures.cpuSeconds };
    const before = this.#before;
    this.#before = now;
    // A thread that ended when it was idle and began again has used less than before.
    const cores = (thread: keyof ThreadSeconds) => Math.max(0, now.cpu[thread] - before.cpu[thread]) / (at - before.at);
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
      mainCpu: cores("main"),
      writerCpu: cores("writer"),
      compactorCpu: cores("compactor"),
      readerCpu: cores("reader"),
      otherCpu: cores("runtime"),
      probeP50Ms: quantile(probeMs, 0.5),
      probeP99Ms: quantile(probeMs, 0.99),
      probeMaxMs: quantile(probeMs, 1),
      queryP50Ms: quantile(queryMs, 0.5),
      queryMaxMs: quantile(queryMs, 1),
    };
    this.samples.push(sample);
    return { sample, gap: closingGap(metrics) };
  }

  /** A sample in one line, which is printed as it is taken. */
  lineOf(sample: Sample, totals: LoadTotals | undefined): string {
    const mebibytes = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
    const { at, residentBytes, fileBytes, logBytes, entriesPerSecond, probeP99Ms, records, blocks } = sample;
    return (
      `${at.toFixed(0)} s: ${entriesPerSecond.toFixed(0)}/s, behind ${totals?.behind ?? 0}, p99 ${probeP99Ms?.toFixed(1)} ms, resident ` +
      `${mebibytes(residentBytes)}, file ${mebibytes(fileBytes)} + ${mebibytes(logBytes)}, ${records} records, ${blocks} blocks`
    );
  }
}
