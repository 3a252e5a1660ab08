// A server that answers as a test says, and remembers what it was sent: for everything that a good server does not do.

import type { Entry } from "../../src/core/entry.ts";

/** One request to it. */
export interface Sent {
  /** With the query. */
  readonly path: string;
  readonly idempotencyKey: string | undefined;
  readonly headers: Headers;
  /** As it came. */
  readonly text: string;
  readonly entries: readonly Entry[];
}

export const QUEUED = { status: 202, body: { queued: true } };

/** A status, with what belongs to it; "hang": no answer ever. */
export type Scripted =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | "hang";

export class ScriptedServer {
  readonly sent: Sent[] = [];
  readonly #server: Bun.Server<unknown>;

  /** `answer` gets each request and how many came before it. */
  constructor(answer: (sent: Sent, index: number) => Scripted = () => QUEUED, port = 0) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      maxRequestBodySize: 64 * 1024 * 1024,
      fetch: async (request) => {
        const url = new URL(request.url);
        const text = await request.text();
        const sent: Sent = {
          path: url.pathname + url.search,
          idempotencyKey: url.searchParams.get("idempotency_key") ?? undefined,
          headers: request.headers,
          text,
          entries: (JSON.parse(text) as { entries: Entry[] }).entries,
        };
        this.sent.push(sent);
        const scripted = answer(sent, this.sent.length - 1);
        if (scripted === "hang") return new Promise<Response>(() => {});
        return Response.json(scripted.body ?? { message: "scripted" }, {
          status: scripted.status,
          headers: scripted.headers ?? {},
        });
      },
    });
  }

  /** The base address for clients. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#server.port}/api/v1`;
  }

  /** Messages of all entries of requests whose number `isTaken` accepts, in order. */
  messages(isTaken: (index: number) => boolean = () => true): string[] {
    return this.sent.flatMap((one, index) => (isTaken(index) ? one.entries.map((entry) => entry.message ?? "") : []));
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }
}

/** Starts a server, gives it to `work`, and stops it whatever happened. */
export async function withScriptedServer<Result>(
  answer: (sent: Sent, index: number) => Scripted,
  work: (server: ScriptedServer) => Promise<Result>,
): Promise<Result> {
  const server = new ScriptedServer(answer);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** An address of this machine where nobody listens. */
export function deadEndpoint(): string {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return `http://127.0.0.1:${port}/api/v1`;
}
