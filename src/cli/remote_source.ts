// Reads records from a running server's read API. A tail that loses its connection continues after the last record it
// received.

import { setTimeout } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import { OperatingError } from "../core/errors.ts";
import { instantText } from "../core/instant.ts";
import type { QueryResponses, QueryScope, TailEvent, TailRequest } from "../core/queries.ts";
import type { ShownRecord } from "../core/record.ts";
import { checkEvent, checkResponse } from "./remote_responses.ts";
import { type Parameters, RemoteSearchError, type RemoteServer } from "./remote_server.ts";
import { type RecordSource, refusalError, type SourceQuery } from "./source.ts";

/** Times between attempts to connect again, in ms; the last one repeats. */
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;
/** The longest event in characters: more than the longest record. */
const EVENT_LENGTH_MAX = 64 * 1024 * 1024;

/** How a RemoteSource reads. */
interface RemoteSourceOptions {
  readonly server: RemoteServer;
  /** Gets a notice when the connection is lost, and when it is back. */
  readonly onNotice: (text: string) => void;
  /** Times between attempts to connect again, in ms; default RETRY_MS. */
  readonly retryMs?: readonly number[];
}

/** Records of a running server. */
export class RemoteSource implements RecordSource {
  readonly #server: RemoteServer;
  readonly #onNotice: (text: string) => void;
  readonly #retryMs: readonly number[];

  constructor({ server, onNotice, retryMs }: RemoteSourceOptions) {
    this.#server = server;
    this.#onNotice = onNotice;
    this.#retryMs = retryMs ?? RETRY_MS;
  }

  async query<Q extends SourceQuery>(query: Q): Promise<QueryResponses[Q["kind"]]> {
    const { path, parameters } = routeOf(query);
    const response = await withSearch("scope" in query ? query.scope.q : "", this.#server.get(path, parameters));
    checkResponse(query.kind, response);
    return response as QueryResponses[Q["kind"]];
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
      for await (const { events, lastId } of chunksOf(response)) {
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

/** Adds the place in the search to the server's refusal of it. */
export async function withSearch<T>(q: string, response: Promise<T>): Promise<T> {
  try {
    return await response;
  } catch (error) {
    if (!(error instanceof RemoteSearchError)) throw error;
    const { reason, at, length } = error;
    throw refusalError({ code: "bad_query", message: reason, at, length }, q);
  }
}

interface Chunk {
  readonly events: readonly TailEvent[];
  /** Continue after this id, also if no event came with it. */
  readonly lastId: number | undefined;
}

/** Events as they come, those of one chunk together; ends with the connection, however it ends. */
async function* chunksOf(response: Response): AsyncGenerator<Chunk> {
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
    for (let chunk = await reader?.read(); chunk?.done === false; chunk = await reader?.read()) {
      parser.feed(decoder.decode(chunk.value as Uint8Array, { stream: true }));
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
    throw new OperatingError("io", "the server sent an event that is not JSON", { cause: error });
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

/** The route of a query, and its parameters. */
function routeOf(query: SourceQuery): { path: string; parameters: Parameters } {
  switch (query.kind) {
    case "entries": {
      const { scope, limit, cursor, order } = query;
      const parameters = { ...scopeParameters(scope), limit, cursor, order };
      return { path: "/api/v1/entries", parameters };
    }
    case "histogram": {
      const parameters = { ...scopeParameters(query.scope), interval: query.intervalMs };
      return { path: "/api/v1/histogram", parameters };
    }
    case "timings": {
      const { scope, byCategory, compared, sort } = query;
      const parameters = {
        ...scopeParameters(scope),
        by: byCategory === true ? "category" : undefined,
        compare: compared === undefined ? undefined : `${instantText(compared.from)}..${instantText(compared.to)}`,
        sort,
      };
      return { path: "/api/v1/timings", parameters };
    }
    case "series": {
      const { scope, intervalMs, byTouchpoint } = query;
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
