// Clients that misbehave: connections that say nothing, that say it one byte at a time, or that stop before the end.

import { connect, type Socket } from "node:net";
import { ENQUEUE_PATH, SERVER_KEY, type TestServer } from "./server.ts";

/** Connections opened at a time: fewer than any queue of a listening socket holds. */
const OPEN_AT_ONCE = 200;

/** A connection, and what came back over it. */
export interface Client {
  readonly socket: Socket;
  /** Statuses of the answers. */
  readonly statuses: number[];
  isClosed: boolean;
}

function open(port: number): Promise<Client> {
  const { promise, resolve } = Promise.withResolvers<Client>();
  const socket = connect(port, "127.0.0.1");
  const client: Client = { socket, statuses: [], isClosed: false };
  socket.on("data", (bytes) => {
    for (const [, status] of bytes.toString("latin1").matchAll(/HTTP\/1\.1 (\d{3}) /g))
      client.statuses.push(Number(status));
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    client.isClosed = true;
    resolve(client);
  });
  socket.on("connect", () => resolve(client));
  return promise;
}

/** Opens so many connections to the server. */
export async function openClients(server: TestServer, count: number): Promise<Client[]> {
  const port = Number(new URL(server.url).port);
  const clients: Client[] = [];
  while (clients.length < count) {
    const next = Math.min(OPEN_AT_ONCE, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: next }, () => open(port)))));
  }
  return clients;
}

export function closeClients(clients: readonly Client[]): void {
  for (const { socket } of clients) socket.destroy();
}

/** A request with one entry, as bytes, in one of the forms in which a body can come. */
export function requestBytes(message: string, form: "length" | "chunks", key = SERVER_KEY): Buffer {
  const body = JSON.stringify({ key, source: "server", entries: [{ message }] });
  const head = `POST ${ENQUEUE_PATH} HTTP/1.1\r\nHost: localhost\r\n`;
  if (form === "length") return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  const chunks = Array.from(body, (character) => `1\r\n${character}\r\n`).join("");
  return Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
}

/** How a body is announced that never comes to its end. */
export const UNFINISHED_HEADS: Readonly<Record<string, (bytes: number) => string>> = {
  length: (bytes) => `Content-Length: ${bytes}\r\n\r\n`,
  chunks: (bytes) => `Transfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n`,
  gzip: (bytes) => `Content-Encoding: gzip\r\nContent-Length: ${bytes}\r\n\r\n`,
};

/** Sends all of a body but its last byte from each client, and leaves it there. */
export async function sendUnfinished(clients: readonly Client[], form: string, bytes: number): Promise<void> {
  const head = `POST ${ENQUEUE_PATH} HTTP/1.1\r\nHost: localhost\r\n${UNFINISHED_HEADS[form]?.(bytes)}`;
  const body = Buffer.alloc(bytes - 1, "x");
  for (const { socket } of clients) {
    socket.write(head);
    await new Promise<void>((resolve) => {
      socket.write(body, () => resolve());
    });
  }
}

/** Sends each client's bytes one by one, a byte of each every `everyMs`, until all are sent or `isEnough`. */
export async function trickle(
  clients: readonly Client[],
  bytesOf: (index: number) => Buffer,
  everyMs: number,
  isEnough: () => boolean = () => false,
): Promise<void> {
  const pending = clients.map((client, index) => ({ client, bytes: bytesOf(index) }));
  const length = Math.max(...pending.map(({ bytes }) => bytes.length));
  for (let at = 0; at < length && !isEnough(); at++) {
    for (const { client, bytes } of pending) if (at < bytes.length) client.socket.write(bytes.subarray(at, at + 1));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** How often each status was answered; "none" counts clients without an answer. */
export function answered(clients: readonly Client[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { statuses } of clients) {
    for (const status of statuses.length === 0 ? ["none"] : statuses) counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}
