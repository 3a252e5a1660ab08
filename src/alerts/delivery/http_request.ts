// One HTTP request to a destination: to a checked address, bounded in time and in what is read of the answer. It
// follows redirects on the same host only, since headers and body are meant for that host.

import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { type CheckedAddress, checkedAddresses } from "./dial.ts";
import { type DeliveryContext, DeliveryError, reasonOf, withinAttempt } from "./outcome.ts";

/** What is asked. */
export interface DeliveryRequest {
  /** http: or https:, without user and password. */
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The whole answer. */
export interface DeliveryAnswer {
  readonly status: number;
  /** Retry-After as it came. */
  readonly retryAfter: string | undefined;
  /** The beginning of the body, at most ANSWER_SHOWN_BYTES_MAX. */
  readonly beginning: string;
}

interface Received extends DeliveryAnswer {
  readonly location: string | undefined;
}

/** Of a body this much is read. One that is longer counts as read: what it says is not needed. */
const ANSWER_BYTES_MAX = 65_536;
const ANSWER_SHOWN_BYTES_MAX = 512;
const REDIRECTS_MAX = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);

/** Sends the request and reads the answer. Throws DeliveryError. */
export function sendRequest(request: DeliveryRequest, context: DeliveryContext): Promise<DeliveryAnswer> {
  return withinAttempt(context, async (signal) => {
    let { url } = request;
    for (let redirects = 0; ; redirects++) {
      const addresses = await checkedAddresses(url.hostname, context);
      const answer = await exchange({ ...request, url }, addresses, context.ca, signal);
      if (!REDIRECTS.has(answer.status)) return answer;
      if (redirects === REDIRECTS_MAX) throw new DeliveryError(`it redirects more than ${REDIRECTS_MAX} times`);
      url = redirected(url, answer);
    }
  });
}

/** Where a redirect leads. Throws DeliveryError where that is another host. */
function redirected(from: URL, { status, location }: Received): URL {
  const url = location === undefined || !URL.canParse(location, from.href) ? undefined : new URL(location, from);
  if (url === undefined) throw new DeliveryError(`answered ${status} without a place to go to`);
  const isSame = url.protocol === from.protocol && url.host === from.host;
  // The one change of port that is no other host: to encryption, both at their usual ports.
  const isUpgrade =
    from.protocol === "http:" && url.protocol === "https:" && url.hostname === from.hostname && !from.port && !url.port;
  if (!isSame && !isUpgrade)
    throw new DeliveryError(`answered ${status}: it redirects to another host, which is not followed`);
  url.username = "";
  url.password = "";
  return url;
}

function exchange(
  { url, method, headers, body }: DeliveryRequest,
  addresses: readonly CheckedAddress[],
  ca: string | undefined,
  signal: AbortSignal,
): Promise<Received> {
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  const fail = (error: unknown) => reject(error instanceof DeliveryError ? error : new DeliveryError(failure(error)));
  const isTls = url.protocol === "https:";
  const bytes = body === undefined ? undefined : Buffer.from(body, "utf8");
  const request = (isTls ? httpsRequest : httpRequest)({
    method,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    headers: {
      host: url.host,
      ...headers,
      ...(bytes === undefined ? {} : { "content-length": String(bytes.byteLength) }),
    },
    lookup: lookupOf(addresses),
    agent: false,
    ...(ca === undefined ? {} : { ca }),
  });
  const stop = () => {
    request.destroy();
    fail(signal.reason);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  request.on("error", fail);
  request.on("close", () => {
    signal.removeEventListener("abort", stop);
    fail(new DeliveryError("the connection was closed before there was an answer"));
  });
  request.on("response", (response) => {
    readAnswer(response, resolve, fail, () => request.destroy());
  });
  request.end(bytes);
  return promise;
}

function readAnswer(
  response: IncomingMessage,
  resolve: (received: Received) => void,
  fail: (error: DeliveryError) => void,
  close: () => void,
): void {
  const chunks: Buffer[] = [];
  let received = 0;
  const finish = () => {
    const { "retry-after": retryAfter, location } = response.headers;
    const beginning = Buffer.concat(chunks).subarray(0, ANSWER_SHOWN_BYTES_MAX).toString("utf8");
    resolve({ status: response.statusCode ?? 0, retryAfter, location, beginning });
  };
  response.on("data", (chunk: Buffer) => {
    if (received < ANSWER_SHOWN_BYTES_MAX) chunks.push(chunk);
    received += chunk.byteLength;
    if (received <= ANSWER_BYTES_MAX) return;
    finish();
    close();
  });
  response.on("end", () => {
    if (response.complete) finish();
    else fail(new DeliveryError("the connection was closed in the middle of the answer"));
  });
  const cut = () => fail(new DeliveryError("the connection was closed in the middle of the answer"));
  response.on("aborted", cut);
  response.on("error", cut);
  response.on("close", cut);
}

/** Gives the connection what was checked, instead of asking again. */
function lookupOf(addresses: readonly CheckedAddress[]): LookupFunction {
  return (_host, options, done) => {
    const [first] = addresses;
    if (options.all === true) done(null, [...addresses]);
    else done(null, first?.address ?? "", first?.family);
  };
}

function failure(error: unknown): string {
  return `cannot connect: ${reasonOf(error)}`;
}
