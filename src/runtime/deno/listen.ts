// Sockets to requests, on Deno: node:http and node:https, with the application's requests and responses made of theirs.
// Not Deno.serve: it keeps silent connections for ever, and before 2.9.6 closes every connection that brought a body.
// Measured (Deno 2.9.6, a JSON body of 300 bytes): 40 to 50 µs of processor time a request, of which node:http itself
// takes 25 to 30; Deno.serve takes 13.

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { IDLE_SECONDS } from "../../core/limits.ts";
import { bindError, type Listener, type ListenOptions, listenerUrl } from "../contract/listener.ts";
import { readWhole, streamOf } from "../contract/request_body.ts";

/** A Host that can stand in a URL, and is long enough for the router to find the path behind it. */
const PLAIN_HOST = /^[\w.:[\]-]{4,}$/;
const WITHOUT_BODY: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Binds and serves. Rejects with an OperatingError: address_in_use, or io for every other refusal of the system. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const incomings = new WeakMap<Request, IncomingMessage>();
  const work: Work = { options, incomings, isStopping: false };
  const server = await bind(options, (incoming, outgoing) => void answer(work, incoming, outgoing));
  options.connections.attach({
    address: (request) => incomings.get(request)?.socket.remoteAddress,
    isClosed: (request) => incomings.get(request)?.socket.destroyed === true,
    exemptFromIdleTimeout: (request) => incomings.get(request)?.socket.setTimeout(0),
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    host: address,
    port,
    url: listenerUrl(options, address, port),
    async stop(graceMs) {
      work.isStopping = true;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Throws where the pair cannot serve: Deno itself would listen, and fail at every connection. */
function checkTls({ cert, key }: { readonly cert: string; readonly key: string }): void {
  let certificate: X509Certificate;
  let privateKey: KeyObject;
  try {
    certificate = new X509Certificate(cert);
    privateKey = createPrivateKey(key);
  } catch (error) {
    throw new Error("the TLS certificate and its key cannot be read: expected PEM", { cause: error });
  }
  if (!certificate.checkPrivateKey(privateKey)) throw new Error("the TLS key is not the certificate's");
}

type Handler = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

function bind(options: ListenOptions, handler: Handler): Promise<Server> {
  const { host, port, tls } = options;
  const idleMs = (options.idleSeconds ?? IDLE_SECONDS) * 1000;
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => reject(bindError(error, host, port));
    try {
      if (tls !== undefined) checkTls(tls);
      // However slow: a connection that brings a byte now and then is not idle.
      const limits = { keepAliveTimeout: idleMs, headersTimeout: 0, requestTimeout: 0 };
      const server =
        tls === undefined ? createServer(limits, handler) : createTlsServer({ ...limits, ...tls }, handler);
      server.timeout = idleMs;
      server.once("error", refuse);
      server.listen(port, host, () => {
        server.off("error", refuse);
        server.on("error", options.onError);
        resolve(server);
      });
    } catch (error) {
      refuse(error);
    }
  });
}

interface Work {
  readonly options: ListenOptions;
  readonly incomings: WeakMap<Request, IncomingMessage>;
  isStopping: boolean;
}

/** Never rejects. */
async function answer(work: Work, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { options, incomings } = work;
  // Whoever reads the body hears of it there.
  incoming.on("error", () => {});
  try {
    const post = incoming.method === "POST" ? options.posts?.[pathOf(incoming)] : undefined;
    // Whoever answers at once need not hear that the client has gone: it would cost a tenth of the request.
    const signal = post === undefined ? goneSignal(outgoing) : undefined;
    const request = await requestOf(incoming, options, signal);
    if (request === "gone") return;
    if (request === "improper") {
      outgoing.writeHead(400, { connection: "close" }).end();
      return;
    }
    incomings.set(request, incoming);
    const response = await respond(options, post ?? options.fetch, request);
    if (work.isStopping) outgoing.setHeader("connection", "close");
    await send(response, outgoing);
    // What the application left of the body is thrown away, or the next request would never be seen.
    incoming.resume();
  } catch (error) {
    options.onError(error instanceof Error ? error : new Error(String(error)));
    outgoing.destroy();
  }
}

/** Aborted when the connection ends before its answer is sent. */
function goneSignal(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** The target's path; an absolute URL's is left to the application's router. */
function pathOf({ url = "/" }: IncomingMessage): string {
  const queryAt = url.indexOf("?");
  return queryAt === -1 ? url : url.slice(0, queryAt);
}

async function respond(
  { onError }: ListenOptions,
  handle: ListenOptions["fetch"],
  request: Request,
): Promise<Response> {
  try {
    return await handle(request);
  } catch (error) {
    onError(error instanceof Error ? error : new Error(String(error)));
    return Response.json({ message: "Internal error" }, { status: 500 });
  }
}

/**
 * The application's request; "gone" when the client went before its body was there, "improper" for what fetch knows no
 * request for.
 */
async function requestOf(
  incoming: IncomingMessage,
  { tls }: ListenOptions,
  signal: AbortSignal | undefined,
): Promise<Request | "gone" | "improper"> {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  const { host = "" } = incoming.headers;
  const origin = `${tls === undefined ? "http" : "https"}://${PLAIN_HOST.test(host) ? host : "localhost"}`;
  // An absolute URL names a host of its own, which the router does not need.
  const target = origin + (url.startsWith("/") ? url : url.replace(/^\w+:\/\/[^/]*/, "").replace(/^(?!\/)/, "/"));
  const whole = WITHOUT_BODY.has(method) ? null : await readWhole(incoming);
  if (whole === "gone") return "gone";
  const body = whole === undefined ? streamOf(incoming) : whole;
  try {
    const headers = new Headers();
    for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
    return new Request(target, { method, headers, signal: signal ?? null, body, duplex: "half" });
  } catch {
    return "improper";
  }
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  const headers: string[] = [];
  response.headers.forEach((value, name) => headers.push(name, value));
  if (response.body === null) {
    outgoing.writeHead(response.status, headers).end();
    return;
  }
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  if (isJson) {
    // The body is complete, so its length is known.
    const body = Buffer.from(await response.arrayBuffer());
    if (!response.headers.has("content-length")) headers.push("content-length", String(body.byteLength));
    outgoing.writeHead(response.status, headers).end(body);
    return;
  }
  outgoing.writeHead(response.status, headers).flushHeaders();
  const reader = response.body.getReader();
  const closed = new Promise<void>((resolve) => {
    if (outgoing.destroyed) resolve();
    else outgoing.once("close", resolve);
  });
  void closed.then(() => reader.cancel().catch(() => {}));
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    if (outgoing.write(step.value)) continue;
    const drained = new Promise<void>((resolve) => outgoing.once("drain", resolve));
    await Promise.race([drained, closed]);
  }
  outgoing.end();
}
