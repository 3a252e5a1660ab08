// Reading that sees all that was answered before it was asked: what is durable but not written in full is written first.

import type {
  ExportRequest,
  QueryOutcome,
  QueryRequest,
  QueryService,
  TailEvent,
  TailRequest,
} from "../../core/queries.ts";

export class SettledReading implements QueryService {
  readonly #reading: QueryService;
  readonly #settled: () => Promise<void> | undefined;

  /** `settled` as PipelineView has it. */
  constructor(reading: QueryService, settled: () => Promise<void> | undefined) {
    this.#reading = reading;
    this.#settled = settled;
  }

  async query(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome<string>> {
    await this.#settled();
    return this.#reading.query(request, signal);
  }

  async export(request: ExportRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<string>>> {
    await this.#settled();
    return this.#reading.export(request, signal);
  }

  async tail(request: TailRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<readonly TailEvent[]>>> {
    await this.#settled();
    return this.#reading.tail(request, signal);
  }
}
