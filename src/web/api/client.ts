// The server's API as functions: a path and parameters enter; a value or a problem leaves, never an exception. A query
// that gets 503 runs again a few times, since a busy server means "soon".

import type {
  KeysResponse,
  RejectionsResponse,
  StatusResponse,
  TouchpointsResponse,
  UsageResponse,
  ViewerResponse,
} from "../../core/account_responses.ts";
import type { AlertsResponse } from "../../core/alert_responses.ts";
import type { RefusalsResponse } from "../../core/refusals.ts";
import type {
  BreakdownResponse,
  EntriesResponse,
  FieldsResponse,
  HistogramResponse,
  MarkersResponse,
  PatternsResponse,
  RunningResponse,
  SeriesResponse,
  TimingsResponse,
  TraceResponse,
  ValuesResponse,
} from "../../core/responses.ts";
import { type SignInResponse, TICKET_PARAMETER, type TicketResponse } from "../../core/session.ts";
import type { ViewsResponse } from "../../core/views.ts";
import { apiAddress, failure, type Outcome, type Problem, type QueryParameters } from "../state/query.ts";

interface Responses {
  readonly "/api/v1/entries": EntriesResponse;
  readonly "/api/v1/trace": TraceResponse;
  readonly "/api/v1/histogram": HistogramResponse;
  readonly "/api/v1/breakdown": BreakdownResponse;
  readonly "/api/v1/patterns": PatternsResponse;
  readonly "/api/v1/markers": MarkersResponse;
  readonly "/api/v1/timings": TimingsResponse;
  readonly "/api/v1/timings/series": SeriesResponse;
  readonly "/api/v1/timings/running": RunningResponse;
  readonly "/api/v1/fields": FieldsResponse;
  readonly "/api/v1/touchpoints": TouchpointsResponse;
  readonly "/api/v1/usage": UsageResponse;
  readonly "/api/v1/rejections": RejectionsResponse;
  readonly "/api/v1/alerts": AlertsResponse;
  readonly "/api/v1/alerts/history": EntriesResponse;
  readonly "/api/v1/refusals": RefusalsResponse;
  readonly "/api/v1/views": ViewsResponse;
  readonly "/api/v1/keys": KeysResponse;
  readonly "/api/v1/status": StatusResponse;
  readonly "/api/v1/session": ViewerResponse;
}

type ValuesPath = `/api/v1/fields/${string}/values`;

/** A route that responds to a GET with JSON. */
export type ReadPath = keyof Responses | ValuesPath;

/** The response of a route. */
export type ResponseOf<P extends ReadPath> = P extends keyof Responses ? Responses[P] : ValuesResponse;

/** The path of a field's values. `name` is spelled as in a search. */
export function valuesPath(name: string): ValuesPath {
  return `/api/v1/fields/${encodeURIComponent(name.toWellFormed())}/values`;
}

/** A request that changes something. */
export type Change =
  | { readonly method: "POST" | "PATCH"; readonly path: string; readonly body: unknown }
  | { readonly method: "DELETE"; readonly path: string; readonly body?: unknown };

export interface ApiOptions {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Called after each successful response. */
  readonly onResponse: () => void;
  /** The time zone of a search. Undefined from it: UTC. Absent: the browser's. */
  readonly timeZone?: () => string | undefined;
}

/** How often a query runs while the server is busy. */
const TRIES_MAX = 4;
/** The first wait when the server names none, in ms. Each further one is twice as long. */
const WAIT_MS = 500;
/** The longest wait, in ms: where the server asks for more, its reason is shown, since somebody is looking at the page. */
const WAIT_MS_MAX = 5_000;

const SESSION_PATH = "/api/v1/session";
const TICKETS_PATH = "/api/v1/tickets";

/** The API client of the app. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Queries a route of the read API. A 503 is retried. */
  async get<P extends ReadPath>(
    path: P,
    parameters: QueryParameters = {},
    signal?: AbortSignal,
  ): Promise<Outcome<ResponseOf<P>>> {
    const address = apiAddress(path, parameters, this.#options.timeZone);
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#send<ResponseOf<P>>(address, { method: "GET" }, signal);
      if (outcome.ok || outcome.problem.kind !== "busy" || attempt === TRIES_MAX) return withoutWait(outcome);
      const waitMs = outcome.problem.retryAfterMs ?? WAIT_MS * 2 ** (attempt - 1);
      if (waitMs > WAIT_MS_MAX) return withoutWait(outcome);
      await this.#options.wait(waitMs, signal);
      if (signal?.aborted === true) return failure("aborted", "");
    }
  }

  /** Changes something. Never retried. T is trusted; undefined where the response has no body. */
  async change<T>(change: Change, signal?: AbortSignal): Promise<Outcome<T>> {
    const init: RequestInit = { method: change.method };
    if (change.body !== undefined) {
      init.headers = { "content-type": "application/json" };
      init.body = JSON.stringify(change.body);
    }
    return withoutWait(await this.#send<T>(change.path, init, signal));
  }

  /** Opens a session. A wrong token is a problem of kind "signed_out". */
  async signIn(token: string): Promise<Outcome<SignInResponse>> {
    const body = JSON.stringify({ token });
    const headers = { "content-type": "application/json" };
    return withoutWait(
      await this.#exchange<SignInResponse>(SESSION_PATH, { method: "POST", headers, body }, undefined),
    );
  }

  /** The address of a download with a ticket, which is valid once and for a short time. */
  async downloadAddress(path: string, parameters: QueryParameters): Promise<Outcome<string>> {
    const { timeZone } = this.#options;
    const target = apiAddress(path, parameters, timeZone);
    const outcome = await this.change<TicketResponse>({ method: "POST", path: TICKETS_PATH, body: { target } });
    if (!outcome.ok) return outcome;
    const withTicket = { ...parameters, [TICKET_PARAMETER]: outcome.value.ticket };
    return { ok: true, value: apiAddress(path, withTicket, timeZone) };
  }

  signOut(): Promise<Outcome<undefined>> {
    return this.change({ method: "DELETE", path: SESSION_PATH });
  }

  async #send<T>(address: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Sent<T>> {
    const outcome = await this.#exchange<T>(address, init, signal);
    if (outcome.ok) this.#options.onResponse();
    return outcome;
  }

  async #exchange<T>(address: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Sent<T>> {
    try {
      const response = await this.#options.fetch(address, { ...init, ...(signal === undefined ? {} : { signal }) });
      const text = await response.text();
      if (response.ok) return { ok: true, value: (text === "" ? undefined : JSON.parse(text)) as T };
      return { ok: false, problem: problemOf(response, text) };
    } catch {
      if (signal?.aborted === true) return failure("aborted", "");
      return failure("offline", "The server cannot be reached. Is it running?");
    }
  }
}

interface SentProblem extends Problem {
  readonly retryAfterMs?: number;
}
type Sent<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: SentProblem };

function withoutWait<T>(sent: Sent<T>): Outcome<T> {
  if (sent.ok) return sent;
  const { retryAfterMs: _retryAfterMs, ...problem } = sent.problem;
  return { ok: false, problem };
}

/** The problem that an error response describes. Its message is shown as text only. */
export function problemOf({ status, headers }: Pick<Response, "status" | "headers">, text: string): SentProblem {
  const { message, member, at, length } = parseBody(text);
  const kind = status === 401 ? "signed_out" : status === 503 ? "busy" : status < 500 ? "refused" : "failed";
  const retryAfter = Number(headers.get("retry-after") ?? Number.NaN);
  return {
    kind,
    status,
    message: typeof message === "string" && message !== "" ? message : `The server responded with ${status}.`,
    ...(typeof member === "string" ? { member } : {}),
    ...(typeof at === "number" ? { at } : {}),
    ...(typeof length === "number" ? { length } : {}),
    ...(retryAfter > 0 ? { retryAfterMs: retryAfter * 1_000 } : {}),
  };
}

function parseBody(text: string): { message?: unknown; member?: unknown; at?: unknown; length?: unknown } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}
