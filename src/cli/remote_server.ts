// A running server that is asked over HTTP with the admin token. Every way in which it can fail to answer becomes one plain sentence
// with the address in it; the token never appears in any.

import { OperatingError } from "../core/errors.ts";
import { escapeControls } from "../core/terminal.ts";

/** How long a question may take, in ms: longer than the server's own limit. */
const ANSWER_MS_MAX = 60_000;
/** Characters of a foreign answer that are shown. */
const SHOWN_LENGTH_MAX = 200;
/** The media type of server-sent events. */
const EVENTS = "text/event-stream";

export interface RemoteAddress {
  /** Without a slash at the end; may have a path, behind a proxy. */
  readonly url: string;
  readonly token: string;
}

/** A refusal that says where in the search the problem is. */
export class RemoteSearchError extends OperatingError {
  readonly at: number;
  readonly length: number;
  readonly reason: string;

  constructor(reason: string, at: number, length: number) {
    super("usage", reason);
    this.reason = reason;
    this.at = at;
    this.length = length;
  }
}

/** Names and values; undefined ones are left out. */
export type Parameters = Readonly<Record<string, string | number | undefined>>;

export class RemoteServer {
  readonly #url: string;
  readonly #token: string;

  constructor({ url, token }: RemoteAddress) {
    this.#url = url;
    this.#token = token;
  }

  /** The answer as JSON. Throws OperatingError. */
  async get(path: string, parameters: Parameters): Promise<unknown> {
    return this.#json(await this.#send("GET", pathWith(path, parameters), { timeoutMs: ANSWER_MS_MAX }));
  }

  /** As get; it waits as long as the server works. */
  async post(path: string, body: unknown): Promise<unknown> {
    return this.#json(await this.#send("POST", path, { body: JSON.stringify(body) }));
  }

  /** Server-sent events, without an end. Throws OperatingError, of the code "io" where trying again may help. */
  async events(
    path: string,
    parameters: Parameters,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    const accepting = { ...headers, accept: EVENTS };
    const response = await this.#send("GET", pathWith(path, parameters), { headers: accepting, signal });
    if (response.headers.get("content-type")?.startsWith(EVENTS) === true) return response;
    await response.body?.cancel();
    throw new OperatingError("io", `${this.#url} did not answer with events: is it a SimpleLogs server?`);
  }

  async #send(
    method: string,
    path: string,
    options: { body?: string; headers?: Record<string, string>; signal?: AbortSignal; timeoutMs?: number },
  ): Promise<Response> {
    const { body, signal, timeoutMs } = options;
    const headers = new Headers({ ...options.headers, authorization: `Bearer ${this.#token}` });
    if (body !== undefined) headers.set("content-type", "application/json");
    const ended = signal ?? (timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs));
    let response: Response;
    try {
      // A redirect would carry the token to an address that nobody gave.
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers,
        redirect: "manual",
        // Bun would give up after five quiet minutes; other runtimes pass over it.
        timeout: false,
        ...(body === undefined ? {} : { body }),
        ...(ended === undefined ? {} : { signal: ended }),
      });
    } catch (error) {
      throw new OperatingError("io", `cannot reach ${this.#url}: ${causeOf(error)}`, { cause: error });
    }
    if (response.ok) return response;
    throw await this.#refusal(response);
  }

  async #json(response: Response): Promise<unknown> {
    let text: string;
    try {
      text = await response.text();
    } catch (error) {
      throw new OperatingError("io", `${this.#url} did not end its answer: the connection was lost`, { cause: error });
    }
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new OperatingError("io", `${this.#url} did not answer with JSON: is it a SimpleLogs server?`, {
        cause: error,
      });
    }
  }

  async #refusal(response: Response): Promise<OperatingError> {
    const { status, headers } = response;
    if (status >= 300 && status < 400) {
      const target = headers.get("location") ?? "another address";
      return new OperatingError("usage", `${this.#url} redirects to ${escapeControls(target)}: give that address`);
    }
    const text = await response.text().catch(() => "");
    const { message, at, length } = parsed(text);
    if (message === undefined) {
      const shown = escapeControls(text.slice(0, SHOWN_LENGTH_MAX).trim());
      return new OperatingError("io", `${this.#url} answered ${status}: is it a SimpleLogs server? ${shown}`.trim());
    }
    const reason = escapeControls(message);
    if (status === 400 && at !== undefined) return new RemoteSearchError(reason, at, length ?? 1);
    const isOurs = status >= 400 && status < 500;
    return new OperatingError(isOurs ? "usage" : "io", `${this.#url} answered ${status}: ${reason}`);
  }
}

function pathWith(path: string, parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

function parsed(text: string): { message?: string; at?: number; length?: number } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return {};
    const { message, at, length } = value as Record<string, unknown>;
    if (typeof message !== "string") return {};
    return {
      message,
      ...(typeof at === "number" ? { at } : {}),
      ...(typeof length === "number" ? { length } : {}),
    };
  } catch {
    return {};
  }
}

/** What the system calls a certificate that cannot be believed: OpenSSL's names. */
const CERTIFICATE_PROBLEM = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|ISSUER|CHAIN/;

/** Why no connection came about, for people. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  if (error.name === "TimeoutError") return `no answer within ${ANSWER_MS_MAX / 1_000} seconds`;
  if (code === "ConnectionRefused" || code === "ECONNREFUSED") return "nothing listens there; does the server run?";
  if (code === "ENOTFOUND" || code === "FailedToOpenSocket" || code === "DNSException") {
    return `the name cannot be found, or the address cannot be reached (${code})`;
  }
  if (CERTIFICATE_PROBLEM.test(code)) {
    return (
      `its certificate is not trusted (${code}); a certificate of your own is trusted when NODE_EXTRA_CA_CERTS names ` +
      "the PEM file of its issuer, and it must have the name in the address"
    );
  }
  if (code === "ConnectionClosed" || code === "ECONNRESET") {
    return "the connection was closed; is it http where it should be https, or the other way round?";
  }
  return code === "" ? error.message : `${error.message} (${code})`;
}
