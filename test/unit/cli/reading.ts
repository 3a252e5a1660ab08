// The reading commands over a source that the test makes up: what was queries, and all that was written.

import { Command } from "commander";
import type { SourceOptions } from "../../../src/cli/options.ts";
import { registerQuery } from "../../../src/cli/query.ts";
import { protectNegations } from "../../../src/cli/search_arguments.ts";
import type { RecordSource, SourceQuery } from "../../../src/cli/source.ts";
import { registerTail } from "../../../src/cli/tail.ts";
import { registerTimings } from "../../../src/cli/timings.ts";
import { registerUsage } from "../../../src/cli/usage.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import type { QueryResponses, TailEvent, TailRequest } from "../../../src/core/queries.ts";
import type { ShownRecord } from "../../../src/core/record.ts";

/** 2026-01-31T12:00:00Z. */
export const NOW = 1_769_860_800_000;

export function recordOf(fields: Partial<ShownRecord> & { readonly id: number }): ShownRecord {
  const base = { project: "default", apiKey: "web", kind: "log", receivedAt: NOW, source: "server" } as const;
  return { ...base, time: NOW + fields.id, ...fields };
}

/** Responds in turn, once for each query. */
export class FakeSource implements RecordSource {
  readonly queries: SourceQuery[] = [];
  readonly tails: TailRequest[] = [];
  isClosed = false;
  readonly #responses: readonly object[];
  readonly #events: readonly (readonly TailEvent[])[];

  constructor(responses: readonly (object | Error)[], events: readonly (readonly TailEvent[])[] = []) {
    this.#responses = responses;
    this.#events = events;
  }

  query<Q extends SourceQuery>(query: Q): Promise<QueryResponses[Q["kind"]]> {
    const response = this.#responses[this.queries.length];
    this.queries.push(query);
    if (response === undefined) return Promise.reject(new Error(`no response for ${JSON.stringify(query)}`));
    return response instanceof Error
      ? Promise.reject(response)
      : Promise.resolve(response as QueryResponses[Q["kind"]]);
  }

  tail(request: TailRequest, signal: AbortSignal): Promise<AsyncIterable<readonly TailEvent[]>> {
    this.tails.push(request);
    return Promise.resolve(eventsUntil(this.#events, signal));
  }

  close(): void {
    this.isClosed = true;
  }
}

/** The batches, and then nothing until the signal. */
async function* eventsUntil(
  batches: readonly (readonly TailEvent[])[],
  signal: AbortSignal,
): AsyncGenerator<readonly TailEvent[]> {
  yield* batches;
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

export interface RunSettings {
  readonly isTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** After this many writes the reader closes the pipe. */
  readonly writesMax?: number;
  /** SIGINT comes once this is true of what was written. */
  readonly interruptWhen?: (out: string) => boolean;
}

export interface ReadingRun {
  readonly out: string;
  readonly err: string;
  readonly error: OperatingError | undefined;
  readonly opened: readonly SourceOptions[];
}

/** Runs one command line against the source. */
export async function runReading(
  source: RecordSource,
  line: readonly string[],
  settings: RunSettings = {},
): Promise<ReadingRun> {
  const { isTerminal = false, env = {}, writesMax = Number.POSITIVE_INFINITY, interruptWhen } = settings;
  let [out, err] = ["", ""];
  const opened: SourceOptions[] = [];
  const interrupts: (() => void)[] = [];
  let writes = 0;
  const context = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env,
    cwd: "/",
    isTerminal,
    isErrorTerminal: isTerminal,
  };
  const tools = {
    context,
    clock: () => NOW,
    signals: {
      on: (signal: string, handle: () => void) => {
        if (signal === "SIGINT") interrupts.push(handle);
      },
    },
    write: (text: string) => {
      out += text;
      if (interruptWhen?.(out) === true) for (const interrupt of interrupts) interrupt();
      return Promise.resolve(++writes < writesMax);
    },
    openSource: (_: Command, options: SourceOptions) => {
      const { data, url, token } = options;
      opened.push({
        ...(data === undefined ? {} : { data }),
        ...(url === undefined ? {} : { url }),
        ...(token === undefined ? {} : { token }),
      });
      return Promise.resolve(source);
    },
  };
  const program = new Command("simplelogs");
  for (const register of [registerQuery, registerTail, registerTimings, registerUsage]) register(program, tools);
  try {
    await program.parseAsync([...protectNegations(line, program)], { from: "user" });
    return { out, err, error: undefined, opened };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { out, err, error, opened };
  }
}
