// HTTP requests to a running server with the admin token. Every failure becomes one plain sentence that names the
// address. The token appears in none of them.

import { OperatingError } from "../core/errors.ts";
import { escapeControls } from "../core/terminal.ts";
import { ignoreProxies, isLoopback } from "../runtime/proxies.ts";

/** How long a query may take, in ms: longer than the server's own limit. */
const RESPONSE_MS_MAX = 60_000;
/** Characters of an unknown response that are shown. */
const SHOWN_LENGTH_MAX = 200;
/** The longest response in bytes: a page of the longest records has less. */
const RESPONSE_BYTES_MAX = 256 * 1024 * 1024;
/** As RESPONSE_BYTES_MAX, of a refusal. */
const REFUSAL_BYTES_MAX = 64 * 1024;
/** Characters of a server's own message that are shown. */
const MESSAGE_LENGTH_MAX = 2_000;
/** The media type of server-sent events. */
const EVENTS = "text/event-stream";

/** Where a server is, and the token for it. */
export interface RemoteAddress {
  /** Without a slash at the end; may have a path, as behind a proxy. */
  readonly url: string;
  readonly token: string;
  /** Whether it is on this machine, so no proxy of the environment may see the token. Loopback addresses always are. */
  readonly isOwn?: boolean;
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

/** A running server. Every failure is an OperatingError that names its address. */
export class RemoteServer {
  readonly #url: string;
  readonly #token: string;

  constructor({ url, token, isOwn = false }: RemoteAddress) {
    this.#url = url;
    this.#token = token;
    if (isOwn || isLoopback(new URL(url).hostname)) ignoreProxies();
  }

  /** The response as JSON. Throws OperatingError. */
  async get(path: string, parameters: Parameters): Promise<unknown> {
    return this.#json(await this.#send("GET", pathWith(path, parameters), { timeoutMs: RESPONSE_MS_MAX }));
  }

  /** As get, but without a time limit. */
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
    throw new OperatingError("io", `${this.#url} did not respond with events: is it a SimpleLogs server?`);
  }

  /**
   * The response's text in chunks, of any total length. Throws OperatingError, also if the connection is lost midway.
   */
  async texts(path: string, parameters: Parameters): Promise<AsyncIterable<string>> {
    return this.#chunks(await this.#send("GET", pathWith(path, parameters), {}), Number.POSITIVE_INFINITY);
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
      // A redirect would send the token to an address that the user did not give.
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers,
        redirect: "manual",
        // Bun would give up after five quiet minutes; other runtimes ignore this option.
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
    let text = "";
    for await (const chunk of this.#chunks(response, RESPONSE_BYTES_MAX)) text += chunk;
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new OperatingError("io", `${this.#url} did not respond with JSON: is it a SimpleLogs server?`, {
        cause: error,
      });
    }
  }

  async *#chunks(response: Response, bytesMax: number): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    let bytes = 0;
    try {
      for (let chunk = await reader?.read(); chunk?.done === false; chunk = await reader?.read()) {
        const data = chunk.value as Uint8Array;
        bytes += data.length;
        if (bytes > bytesMax) {
          throw new OperatingError(
            "io",
            `${this.#url} responds with more than ${bytesMax} bytes: is it a SimpleLogs server?`,
          );
        }
        yield decoder.decode(data, { stream: true });
      }
      yield decoder.decode();
    } catch (error) {
      if (error instanceof OperatingError) throw error;
      throw new OperatingError("io", `${this.#url} did not end its response: ${lostBy(error)}`, { cause: error });
    } finally {
      await reader?.cancel().catch(() => undefined);
    }
  }

  /** The beginning of a refusal; "" if it cannot be read. */
  async #beginning(response: Response): Promise<string> {
    let text = "";
    try {
      for await (const chunk of this.#chunks(response, Number.POSITIVE_INFINITY)) {
        text += chunk;
        if (text.length > REFUSAL_BYTES_MAX) break;
      }
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
    }
    return text;
  }

  async #refusal(response: Response): Promise<OperatingError> {
    const { status, headers } = response;
    if (status >= 300 && status < 400) {
      const target = (headers.get("location") ?? "another address").slice(0, SHOWN_LENGTH_MAX);
      return new OperatingError("usage", `${this.#url} redirects to ${escapeControls(target)}: give that address`);
    }
    const text = await this.#beginning(response);
    const { message, at, length } = parsed(text);
    if (message === undefined) {
      const shown = escapeControls(text.slice(0, SHOWN_LENGTH_MAX).trim());
      return new OperatingError("io", `${this.#url} answered ${status}: is it a SimpleLogs server? ${shown}`.trim());
    }
    const reason = escapeControls(message.slice(0, MESSAGE_LENGTH_MAX));
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
      ...(isPlace(at) ? { at } : {}),
      ...(isPlace(length) ? { length } : {}),
    };
  } catch {
    return {};
  }
}

function isPlace(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function lostBy(error: unknown): string {
  const isLate = error instanceof Error && error.name === "TimeoutError";
  return isLate ? `it took more than ${RESPONSE_MS_MAX / 1_000} seconds` : "the connection was lost";
}

/** Error codes of a certificate that is not trusted: OpenSSL's names. */
const CERTIFICATE_PROBLEM = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|ISSUER|CHAIN/;

/** Why there is no connection, for people. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  if (error.name === "TimeoutError") return `no response within ${RESPONSE_MS_MAX / 1_000} seconds`;
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
