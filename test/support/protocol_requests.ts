// Requests of every protocol but the specification's own, for tests that treat all alike: one by one, and as a load.

import { expect } from "bun:test";
import { closingGap } from "./load.ts";
import { type SpokenProtocol } from "./protocol_bodies.ts";
import { SERVER_KEY, type TestServer } from "./server.ts";

export const BEARER = { authorization: `Bearer ${SERVER_KEY}` };

export interface Post {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

export function post(server: TestServer, protocol: SpokenProtocol, { body, headers = BEARER, query = "" }: Post) {
  return fetch(`${server.url}${protocol.path}${query}`, {
    method: "POST",
    headers: { "content-type": protocol.contentType, ...headers },
    body,
  });
}

/** The status of a post, after its answer was read. */
export async function statusOf(server: TestServer, protocol: SpokenProtocol, what: Post): Promise<number> {
  const answer = await post(server, protocol, what);
  await answer.arrayBuffer();
  return answer.status;
}

export async function messagesOf(server: TestServer): Promise<string[]> {
  return (await server.export()).map(({ message = "" }) => message);
}

/** That the server is well: the counters add up, and it logged no error. */
export async function expectWell(server: TestServer): Promise<void> {
  expect(closingGap(await server.metrics())).toBe(0);
  expect(server.logLines.filter(({ level }) => level === "ERROR")).toEqual([]);
}

/** Posts bodies one after another until it is stopped; a body whose answer is lost or 503 is sent again as it was. */
export class Sender {
  readonly accepted: string[] = [];
  readonly statuses = new Set<number>();
  /** Of answers 503. */
  readonly retryAfters = new Set<string>();
  #isStopped = false;
  #running: Promise<void>[] = [];

  start(
    server: () => TestServer,
    protocol: SpokenProtocol,
    clients: number,
    headers: Record<string, string> = BEARER,
  ): void {
    for (let client = 0; client < clients; client++)
      this.#running.push(this.#run(server, protocol, `${protocol.name} ${client}`, headers));
  }

  stop(): Promise<unknown> {
    this.#isStopped = true;
    return Promise.all(this.#running);
  }

  async #run(server: () => TestServer, protocol: SpokenProtocol, name: string, headers: Record<string, string>) {
    for (let number = 0; !this.#isStopped; number++) {
      const messages = [`${name} ${number} a`, `${name} ${number} b`];
      const body = protocol.body(messages);
      for (let done = false; !done; ) {
        try {
          const named = { ...headers, "idempotency-key": `${name.replaceAll(/\W/g, "")}-${number}` };
          const answer = await post(server(), protocol, { body, headers: named });
          await answer.arrayBuffer();
          const { status } = answer;
          if (status === 503) this.retryAfters.add(answer.headers.get("retry-after") ?? "none");
          this.statuses.add(status);
          done = status !== 503;
          if (status === protocol.success) this.accepted.push(...messages);
        } catch {
          // The server was killed, or is not there yet.
        }
        if (!done) {
          if (this.#isStopped) return;
          await Bun.sleep(20);
        }
      }
    }
  }
}
