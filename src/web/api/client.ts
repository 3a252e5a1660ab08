// Questions and changes as values: a path and parameters enter, an answer or a problem leaves, never an exception. A 503 of a
// question is asked again a few times, since a busy server means "soon".

import { type SignInAnswer, TICKET_PARAMETER, type TicketAnswer } from "../../core/session.ts";
import { sentTimeZone } from "../../core/time_zone.ts";
import type { AnswerOf, ReadPath } from "./answers.ts";
import { failure, type Outcome, type Problem } from "./outcome.ts";

/** Undefined and "" are left out. */
export type QuestionParameters = Readonly<Record<string, string | number | undefined>>;

export type Change =
  | { readonly method: "POST" | "PATCH"; readonly path: string; readonly body: unknown }
  | { readonly method: "DELETE"; readonly path: string; readonly body?: unknown };

export interface ApiOptions {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  /** Resolves after so many ms, or at once when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** A question was answered. */
  readonly onAnswer: () => void;
}

/** Times a question is asked when the server is busy. */
const TRIES_MAX = 4;
/** The first wait where the server names none, in ms; each further one is twice as long. */
const WAIT_MS = 500;
/** However long the server asks to wait, in ms: people look at this. */
const WAIT_MS_MAX = 5_000;

const SESSION_PATH = "/api/v1/session";
const TICKETS_PATH = "/api/v1/tickets";

export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Asks a route of the read API. */
  async ask<P extends ReadPath>(
    path: P,
    parameters: QuestionParameters = {},
    signal?: AbortSignal,
  ): Promise<Outcome<AnswerOf<P>>> {
    const address = apiAddress(path, parameters);
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#send<AnswerOf<P>>(address, { method: "GET" }, signal);
      if (outcome.ok || outcome.problem.kind !== "busy" || attempt === TRIES_MAX) return withoutWait(outcome);
      const waitMs = outcome.problem.retryAfterMs ?? WAIT_MS * 2 ** (attempt - 1);
      await this.#options.wait(Math.min(waitMs, WAIT_MS_MAX), signal);
      if (signal?.aborted === true) return failure("aborted", "");
    }
  }

  /** Changes something; never tried twice. T is trusted, undefined where the answer has no body. */
  async change<T>(change: Change, signal?: AbortSignal): Promise<Outcome<T>> {
    const init: RequestInit = { method: change.method };
    if (change.body !== undefined) {
      init.headers = { "content-type": "application/json" };
      init.body = JSON.stringify(change.body);
    }
    return withoutWait(await this.#send<T>(change.path, init, signal));
  }

  /** Opens a session; a wrong token is a problem like any other here. */
  async signIn(token: string): Promise<Outcome<SignInAnswer>> {
    const body = JSON.stringify({ token });
    const headers = { "content-type": "application/json" };
    return withoutWait(await this.#exchange<SignInAnswer>(SESSION_PATH, { method: "POST", headers, body }, undefined));
  }

  /** The address of a download with a ticket in it: good once, and at once. */
  async downloadAddress(path: string, parameters: QuestionParameters): Promise<Outcome<string>> {
    const target = apiAddress(path, parameters);
    const outcome = await this.change<TicketAnswer>({ method: "POST", path: TICKETS_PATH, body: { target } });
    if (!outcome.ok) return outcome;
    return { ok: true, value: apiAddress(path, { ...parameters, [TICKET_PARAMETER]: outcome.value.ticket }) };
  }

  signOut(): Promise<Outcome<undefined>> {
    return this.change({ method: "DELETE", path: SESSION_PATH });
  }

  async #send<T>(address: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Sent<T>> {
    const outcome = await this.#exchange<T>(address, init, signal);
    if (outcome.ok) this.#options.onAnswer();
    return outcome;
  }

  async #exchange<T>(address: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Sent<T>> {
    try {
      const answer = await this.#options.fetch(address, { ...init, ...(signal === undefined ? {} : { signal }) });
      const text = await answer.text();
      if (answer.ok) return { ok: true, value: (text === "" ? undefined : JSON.parse(text)) as T };
      return { ok: false, problem: problemOf(answer, text) };
    } catch {
      if (signal?.aborted === true) return failure("aborted", "");
      return failure("offline", "The server cannot be reached. Is it running?");
    }
  }
}

/** A path with its query, as it is asked. */
export function apiAddress(path: string, parameters: QuestionParameters): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  // Times in a search that have no offset are meant as they are shown.
  const timeZone = search.has("q") ? sentTimeZone() : undefined;
  if (timeZone !== undefined) search.set("timeZone", timeZone);
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
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

/** What an error answer says. Its text is trusted to be text only. */
export function problemOf(answer: Pick<Response, "status" | "headers">, text: string): SentProblem {
  const { status } = answer;
  const { message, at, length } = parseBody(text);
  const kind = status === 401 ? "signed_out" : status === 503 ? "busy" : status < 500 ? "refused" : "failed";
  const retryAfter = Number(answer.headers.get("retry-after") ?? Number.NaN);
  return {
    kind,
    status,
    message: typeof message === "string" && message !== "" ? message : `The server answered ${status}.`,
    ...(typeof at === "number" ? { at } : {}),
    ...(typeof length === "number" ? { length } : {}),
    ...(retryAfter > 0 ? { retryAfterMs: retryAfter * 1_000 } : {}),
  };
}

function parseBody(text: string): { message?: unknown; at?: unknown; length?: unknown } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}
