// Answers from a running server's read API. A tail that loses its connection goes on behind the last record that it has seen.

import { setTimeout } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import { OperatingError } from "../core/errors.ts";
import { instantText } from "../core/instant.ts";
import type { QueryResponses, QueryScope, TailEvent, TailRequest } from "../core/queries.ts";
import type { ShownRecord } from "../core/record.ts";
import { checkAnswer, checkEvent } from "./remote_answers.ts";
import { type Parameters, RemoteSearchError, type RemoteServer } from "./remote_server.ts";
import { type Question, type RecordSource, refusalError } from "./source.ts";

/** Waiting times between attempts to connect again, in ms; the last one repeats. */
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;
/** The longest event that is taken, in characters: more than the longest record. */
const EVENT_LENGTH_MAX = 64 * 1024 * 1024;

export interface RemoteSourceOptions {
  readonly server: RemoteServer;
  /** Told of a lost connection, and of the next one. */
  readonly onNotice: (text: string) => void;
  /** Tests wait less. */
  readonly retryMs?: readonly number[];
}

export class RemoteSource implements RecordSource {
  readonly #server: RemoteServer;
  readonly #onNotice: (text: string) => void;
  readonly #retryMs: readonly number[];

  constructor({ server, onNotice, retryMs }: RemoteSourceOptions) {
    this.#server = server;
    this.#onNotice = onNotice;
    this.#retryMs = retryMs ?? RETRY_MS;
  }

  async ask<Q extends Question>(question: Q): Promise<QueryResponses[Q["kind"]]> {
    const { path, parameters } = routeOf(question);
    const answer = await withSearch("scope" in question ? question.scope.q : "", this.#server.get(path, parameters));
    checkAnswer(question.kind, answer);
    return answer as QueryResponses[Q["kind"]];
  }

  async tail(request: TailRequest, signal: AbortSignal): Promise<AsyncIterable<readonly TailEvent[]>> {
    const response = await withSearch(request.q, this.#open(request, request.after, signal));
    return this.#follow(request, response, signal);
  }

  close(): void {}

  #open({ project, q, timeZone }: TailRequest, after: number | undefined, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {};
    if (after !== undefined) headers["last-event-id"] = String(after);
    return this.#server.events("/api/v1/tail", { project, ...searchParameters(q, timeZone) }, headers, signal);
  }

  async *#follow(request: TailRequest, first: Response, signal: AbortSignal): AsyncGenerator<readonly TailEvent[]> {
    let after = request.after;
    let response: Response | undefined = first;
    while (!signal.aborted && response !== undefined) {
      for await (const { events, lastId } of piecesOf(response)) {
        after = lastId ?? after;
        if (events.length > 0) yield events;
      }
      if (signal.aborted) return;
      this.#onNotice("the connection was lost; connecting again");
      response = await this.#reconnect(request, after, signal);
      if (response !== undefined) this.#onNotice("connected again");
    }
  }

  /** Undefined once the signal is aborted. Throws where the server refuses. */
  async #reconnect(
    request: TailRequest,
    after: number | undefined,
    signal: AbortSignal,
  ): Promise<Response | undefined> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const waitMs = this.#retryMs[Math.min(attempt, this.#retryMs.length - 1)] ?? 0;
      await setTimeout(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
      try {
        return await withSearch(request.q, this.#open(request, after, signal));
      } catch (error) {
        if (!(error instanceof OperatingError) || error.code !== "io") throw error;
      }
    }
    return undefined;
  }
}

/** Shows the place of a problem in the search. */
export async function withSearch<T>(q: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof RemoteSearchError)) throw error;
    const { reason, at, length } = error;
    throw refusalError({ code: "bad_query", message: reason, at, length }, q);
  }
}

interface Piece {
  readonly events: readonly TailEvent[];
  /** Where to go on behind, also where no event came with it. */
  readonly lastId: number | undefined;
}

/** Events as they come, those of one piece together; ends with the connection, however it ends. */
async function* piecesOf(response: Response): AsyncGenerator<Piece> {
  let events: TailEvent[] = [];
  let lastId: number | undefined;
  const parser = createParser({
    maxBufferSize: EVENT_LENGTH_MAX,
    onId: (id) => {
      if (/^\d+$/.test(id)) lastId = Number(id);
    },
    onEvent: ({ id, event, data }) => {
      const read = readEvent(Number(id), event, data);
      if (read !== undefined) events.push(read);
    },
    onError: (error) => {
      if (error.type !== "max-buffer-size-exceeded") return;
      throw new OperatingError("io", "the server sent an event without an end", { cause: error });
    },
  });
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  try {
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
      parser.feed(decoder.decode(piece.value as Uint8Array, { stream: true }));
      yield { events, lastId };
      events = [];
    }
  } catch (error) {
    // What the server sent will not mend itself; all else is a lost connection.
    if (error instanceof OperatingError) throw error;
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

function readEvent(id: number, event: string | undefined, data: string): TailEvent | undefined {
  if ((event !== "record" && event !== "gap") || !Number.isSafeInteger(id)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw new OperatingError("io", "the server sent an event that is no JSON", { cause: error });
  }
  checkEvent(event, value);
  return event === "record"
    ? { kind: "record", id, record: value as ShownRecord }
    : { kind: "gap", id, missed: (value as { missed: number }).missed };
}

/** A scope as parameters of a route. */
export function scopeParameters({ project, q, timeZone, from, to }: QueryScope): Parameters {
  const bounds = {
    from: from === undefined ? undefined : instantText(from),
    to: to === undefined ? undefined : instantText(to),
  };
  return { project, ...searchParameters(q, timeZone), ...bounds };
}

function searchParameters(q: string, timeZone: string | undefined): Parameters {
  return q === "" ? {} : { q, timeZone };
}

/** Where a question is asked. */
function routeOf(question: Question): { path: string; parameters: Parameters } {
  switch (question.kind) {
    case "entries": {
      const { scope, limit, cursor } = question;
      const parameters = { ...scopeParameters(scope), limit, cursor };
      return { path: "/api/v1/entries", parameters };
    }
    case "histogram": {
      const parameters = { ...scopeParameters(question.scope), interval: question.intervalMs };
      return { path: "/api/v1/histogram", parameters };
    }
    case "timings":
      return {
        path: "/api/v1/timings",
        parameters: { ...scopeParameters(question.scope), by: question.byCategory === true ? "category" : undefined },
      };
    case "series": {
      const { scope, intervalMs, byTouchpoint } = question;
      const parameters = {
        ...scopeParameters(scope),
        interval: intervalMs,
        by: byTouchpoint ? "touchpoint" : undefined,
      };
      return { path: "/api/v1/timings/series", parameters };
    }
    case "usage":
      break;
  }
  return { path: "/api/v1/usage", parameters: {} };
}
