// Sockets to requests, on Bun. Bodies of any announced size are let in, because the application itself refuses what is
// too large, with a JSON body; it does so without reading, so memory stays bounded. Bun.serve with the application's
// fetch, not Elysia's own listen(): that one shares its port with other processes.

import { IDLE_SECONDS } from "../../core/limits.ts";
import {
  bindError,
  hasPlainUrl,
  type Listener,
  type ListenOptions,
  listenerUrl,
  withPlainUrl,
} from "../contract/listener.ts";

/** Binds and serves. Rejects with an OperatingError: address_in_use, or io for every other refusal of the system. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server = bind(options);
  options.connections.attach({
    address: (request) => server.requestIP(request)?.address,
    // True after every close, reset and half-close, even if the signal is first read afterwards.
    isClosed: (request) => request.signal.aborted,
    exemptFromIdleTimeout: (request) => server.timeout(request, 0),
  });
  const { hostname = options.host, port = options.port } = server;
  return {
    host: hostname,
    port,
    url: listenerUrl(options, hostname, port),
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
