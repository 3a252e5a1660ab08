// A listening server for a test, and connections to it; all of them end with the test.

import { listen } from "#runtime/listen.ts";
import { Connections } from "../../../src/runtime/contract/connections.ts";
import type { Listener } from "../../../src/runtime/contract/listener.ts";
import { type Fixture, SERVER_KEY } from "./fixture.ts";
import { RawConnection } from "./raw.ts";

export const PATH = "/api/v1/enqueue";
export const BATCH = JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message: "hi" }] });
/** A request that is accepted. */
export const GOOD = `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BATCH.length}\r\n\r\n${BATCH}`;

export const listeners: Listener[] = [];
const connections: RawConnection[] = [];

/** To be called after each test. */
export async function endAll(): Promise<void> {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const listener of listeners.splice(0)) await listener.stop(0);
}

export async function start(fixture: Fixture, tls?: { cert: string; key: string }): Promise<Listener> {
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls,
    fetch: fixture.fetch,
    posts: fixture.posts,
    connections: new Connections(),
    onError: () => {},
  });
  listeners.push(listener);
  return listener;
}

export async function connectTo(listener: Listener): Promise<RawConnection> {
  const connection = await RawConnection.open(listener.port);
  connections.push(connection);
  return connection;
}
