// A proxy between a sender and the server, which does what networks and full servers do.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of a request: it reaches the server, only its answer is lost, or the proxy answers itself. */
export type Fate =
  | "pass"
  | "lose the answer"
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

/** One request that came to the proxy. */
export interface Passed {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** By the monotonic clock, ms. */
  readonly atMs: number;
  /** Of the answer that the sender got; undefined where it got none. */
  status: number | undefined;
}

export interface Proxy {
  readonly url: string;
  readonly requests: readonly Passed[];
}

/** Starts a proxy before `target`; `fateOf` decides for each request by its number, from 0. */
export async function withProxy<Result>(
  target: () => string,
  fateOf: (index: number) => Fate,
  work: (proxy: Proxy) => Promise<Result>,
): Promise<Result> {
  const requests: Passed[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const passed: Passed = {
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks),
        atMs: performance.now(),
        status: undefined,
      };
      const fate = fateOf(requests.push(passed) - 1);
      // Where the server is gone, the sender's connection ends too.
      answer(target, passed, fate, response).catch(() => request.socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests });
  } finally {
    await closed(server);
  }
}

async function answer(target: () => string, passed: Passed, fate: Fate, response: ServerResponse): Promise<void> {
  if (typeof fate === "object") {
    passed.status = fate.status;
    response.writeHead(fate.status, fate.headers).end();
    return;
  }
  const isOurs = (name: string) => ["host", "connection", "transfer-encoding"].includes(name);
  const headers = Object.entries(passed.headers).filter(([name]) => !isOurs(name)) as [string, string][];
  const answered = await fetch(target() + passed.path, { method: "POST", headers, body: passed.body });
  const body = Buffer.from(await answered.arrayBuffer());
  if (fate === "lose the answer") {
    response.socket?.destroy();
    return;
  }
  passed.status = answered.status;
  const kept = [...answered.headers].filter(([name]) => ["content-type", "retry-after"].includes(name));
  response.writeHead(answered.status, Object.fromEntries(kept)).end(body);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
