// Sockets to requests, on Bun. Bodies of any announced size are let in, because the application itself refuses what is too
// large, with a JSON body; it does so without reading, so memory stays bounded.
// Bun.serve with the application's fetch, not Elysia's own listen(): that one shares its port with other processes.

import { OperatingError } from "../core/errors.ts";
import type { PeerAddresses } from "./address.ts";
import type { Patience } from "./patience.ts";

/** Seconds without a byte after which a connection is closed. Above the 10 s that a batch may wait for its answer. */
const IDLE_SECONDS = 120;
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
   * POST handlers by path, which need no router. Measured (Bun 1.4.5, one entry a request): 1 µs of 14 saved against the way
   * through `fetch`, which serves the same paths as well, for all other methods and for runtimes that cannot do this.
   */
  readonly posts?: Readonly<Record<string, (request: Request) => Promise<Response>>>;
  readonly peers: PeerAddresses;
  /** Absent where no answer takes long. */
  readonly patience?: Patience;
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
  /** Takes no new connections and ends idle ones; resolves when the last answer is sent, or, by force, after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Binds and serves. Throws OperatingError: address_in_use, or io for every other refusal of the system. */
export function listen(options: ListenOptions): Listener {
  const { peers, patience } = options;
  const server = bind(options);
  peers.lookUpBy((request) => server.requestIP(request)?.address);
  patience?.keepBy((request) => server.timeout(request, 0));
  const { hostname = options.host, port = options.port } = server;
  const isIPv6 = hostname.includes(":");
  return {
    host: hostname,
    port,
    url: `${options.tls === undefined ? "http" : "https"}://${isIPv6 ? `[${hostname}]` : hostname}:${port}`,
    async stop(graceMs) {
      const stopped = server.stop();
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, graceMs);
      await Promise.race([stopped, timeout.promise]);
      clearTimeout(timer);
      await server.stop(true);
    },
  };
}

function bind(options: ListenOptions): Bun.Server<undefined> {
  const { host, port, tls } = options;
  try {
    return Bun.serve({
      hostname: host,
      port,
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
      idleTimeout: options.idleSeconds ?? IDLE_SECONDS,
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      development: false,
      // With development off, Bun would let a second process listen on the same port and take half of the requests.
      reusePort: false,
      routes: Object.fromEntries(Object.entries(options.posts ?? {}).map(([path, POST]) => [path, { POST }])),
      fetch: (request) => options.fetch(hasPlainUrl(request.url) ? request : withPlainUrl(request, options)),
      error(error) {
        options.onError(error);
        return Response.json({ message: "Internal error" }, { status: 500 });
      },
    });
  } catch (error) {
    throw bindError(error, host, port);
  }
}

/** Whether the router finds the path: it takes the first slash from a fixed place on. */
function hasPlainUrl(url: string): boolean {
  return url.startsWith("http") && url.indexOf("/", 8) >= PATH_AT_MIN;
}

/** HTTP/1.0 without a Host gives a bare path as URL, and a Host of one to three characters hides it from the router. */
function withPlainUrl(request: Request, { peers, patience }: ListenOptions): Request {
  const { url } = request;
  const pathAt = url.startsWith("/") ? 0 : url.indexOf("/", 8);
  const replaced = new Request(`http://localhost${pathAt === -1 ? "/" : url.slice(pathAt)}`, request);
  peers.remember(replaced, peers.of(request));
  patience?.remember(replaced, request);
  return replaced;
}

function bindError(error: unknown, host: string, port: number): OperatingError {
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
