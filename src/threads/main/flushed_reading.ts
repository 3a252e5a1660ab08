// Reading that sees all that was answered before it was asked: what is durable but not written in full is written first.

import type { ExportRequest, Reading, ReadOutcome, ReadRequest, TailEvent, TailRequest } from "../../core/reading.ts";

export class SettledReading implements Reading {
  readonly #reading: Reading;
  readonly #settled: () => Promise<void> | undefined;

  /** `settled` as PipelineView has it. */
  constructor(reading: Reading, settled: () => Promise<void> | undefined) {
    this.#reading = reading;
    this.#settled = settled;
  }

  async ask(request: ReadRequest, signal: AbortSignal): Promise<ReadOutcome<string>> {
    await this.#settled();
    return this.#reading.ask(request, signal);
  }

  async export(request: ExportRequest, signal: AbortSignal): Promise<ReadOutcome<AsyncIterable<string>>> {
    await this.#settled();
    return this.#reading.export(request, signal);
  }

  async tail(request: TailRequest, signal: AbortSignal): Promise<ReadOutcome<AsyncIterable<readonly TailEvent[]>>> {
    await this.#settled();
    return this.#reading.tail(request, signal);
  }
}
