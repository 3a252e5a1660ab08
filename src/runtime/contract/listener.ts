// What every runtime's listener takes and returns, and what the listeners of both runtimes share.

import { OperatingError } from "../../core/errors.ts";
import type { Connections } from "./connections.ts";

/** No URL of Elysia's router has its path before this: "http://" and a host of at least four characters. */
const PATH_AT_MIN = 11;

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Certificate and key, PEM text. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /**
   * POST handlers by path, which need no router. Measured (Bun 1.4.5, one entry a request): 1 µs of 14 saved against
   * the way through `fetch`, which serves the same paths as well, for all other methods and for runtimes that cannot do
   * this.
   */
  readonly posts?: Readonly<Record<string, (request: Request) => Promise<Response>>>;
  /** The listener attaches itself to it before it resolves. */
  readonly connections: Connections;
  /** Seconds without a byte after which a connection is closed, to 4 s; tests wait less. */
  readonly idleSeconds?: number;
  /** An exception that nobody caught; its request is answered 500 without the text. */
  readonly onError: (error: Error) => void;
}

export interface Listener {
  readonly host: string;
  /** The real one where 0 was asked for. */
  readonly port: number;
  /** With scheme and port, without a slash at the end. */
  readonly url: string;
  /**
   * Takes no new connections and ends idle ones; resolves when the last answer is sent, or, by force, after `graceMs`.
   */
  stop(graceMs: number): Promise<void>;
}

/** A listener's URL, without a slash at the end. */
export function listenerUrl({ tls }: ListenOptions, host: string, port: number): string {
  return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether the router finds the path: it takes the first slash from a fixed place on. */
export function hasPlainUrl(url: string): boolean {
  return url.startsWith("http") && url.indexOf("/", 8) >= PATH_AT_MIN;
}

/** HTTP/1.0 without a Host gives a bare path as URL, and a Host of one to three characters hides it from the router. */
export function withPlainUrl(request: Request, { connections }: ListenOptions): Request {
  const { url } = request;
  const pathAt = url.startsWith("/") ? 0 : url.indexOf("/", 8);
  const replaced = new Request(`http://localhost${pathAt === -1 ? "/" : url.slice(pathAt)}`, request);
  connections.replace(request, replaced);
  return replaced;
}

/** The system's refusal to listen, as an error for the person who started the server. */
export function bindError(error: unknown, host: string, port: number): OperatingError {
  const code = (error as { code?: unknown }).code;
  const where = `cannot listen on ${host} port ${port}`;
  if (code === "EADDRINUSE") {
    return new OperatingError("address_in_use", `${where}: something else listens there; choose another port`, {
      cause: error,
    });
  }
  const hint = code === "EACCES" ? "; ports below 1024 need a privilege" : "";
  const reason = error instanceof Error ? error.message : String(error);
  return new OperatingError("io", `${where}: ${reason}${hint}`, { cause: error });
}
