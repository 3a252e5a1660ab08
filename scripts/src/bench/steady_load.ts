// A steady load, a process of its own: so many requests a second, whatever the answers take. Requests are due at whole
// milliseconds; one that finds every connection busy waits for one, and its time counts from when it was due, so a
// server that stalls cannot hide it by slowing its clients (coordinated omission). It reads its orders from its command
// line and writes one JSON line of figures.

import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import type { PacedOrders, PacedResult } from "./load.ts";

/** How long the last answers may take, in ms. */
const ANSWER_MS_MAX = 15_000;

/** One request at a time over a connection that stays open. */
class Connection {
  readonly #socket = new Socket();
  readonly #answered: (connection: Connection, status: number) => void;
  #text = "";
  /** Number of the request that it sent last. */
  request = 0;

  constructor(answered: (connection: Connection, status: number) => void) {
    this.#answered = answered;
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text: string | Buffer) => this.#receive(String(text)));
    this.#socket.on("close", () => fail("a connection was closed"));
    this.#socket.on("error", (error) => fail(error.message));
  }

  open({ hostname, port }: URL): Promise<void> {
    return new Promise((resolve) => this.#socket.connect(Number(port), hostname, resolve));
  }

  send(request: number, bytes: Buffer): void {
    this.request = request;
    this.#socket.write(bytes);
  }

  #receive(text: string): void {
    this.#text += text;
    const headEnd = this.#text.indexOf("\r\n\r\n");
    if (headEnd === -1) return;
    const head = this.#text.slice(0, headEnd);
    const bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? "0");
    if (this.#text.length < headEnd + 4 + bodyBytes) return;
    this.#text = "";
    this.#answered(this, Number(head.slice(9, 12)));
  }
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}

/** Whole requests, each of the corpus' next lines, and each entry with a time of its own. */
class RequestMaker {
  readonly #orders: PacedOrders;
  readonly #lines: readonly string[];
  readonly #requestLine: string;
  #line: number;
  #time: number;
  /** Of all bodies so far. */
  bytes = 0;

  constructor(orders: PacedOrders) {
    this.#orders = orders;
    const lines = readFileSync(orders.corpus, "utf8").split("\n");
    this.#lines = lines.filter((line) => line !== "").map((line) => `,${line.slice(1)}`);
    this.#line = orders.seed % this.#lines.length;
    this.#time = orders.time;
    const { host, pathname, search } = new URL(orders.target.url);
    this.#requestLine = `POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: `;
  }

  next(): Buffer {
    const { batch, target } = this.#orders;
    let text = target.head;
    for (let entry = 0; entry < batch; entry++) {
      if (entry > 0) text += target.join;
      text += `{"timestamp":${this.#time++}${this.#lines[this.#line]}`;
      this.#line = (this.#line + 1) % this.#lines.length;
    }
    const body = Buffer.from(text + target.tail);
    this.bytes += body.length;
    return Buffer.concat([Buffer.from(`${this.#requestLine}${body.length}\r\n\r\n`), body]);
  }
}

async function run(orders: PacedOrders): Promise<PacedResult> {
  const { connections, requestsPerSecond, seconds, target } = orders;
  const maker = new RequestMaker(orders);
  const total = Math.max(1, Math.floor(requestsPerSecond * seconds));
  const elapsedMs = new Float64Array(total);
  const idle: Connection[] = [];
  const over = Promise.withResolvers<void>();
  let [sent, answered, refused, startedAt] = [0, 0, 0, 0];
  const due = () =>
    Math.min(total, Math.floor((Math.floor(performance.now() - startedAt) * requestsPerSecond) / 1_000));
  const dueAt = (request: number) => startedAt + Math.ceil(((request + 1) * 1_000) / requestsPerSecond);
  const sendTo = (connection: Connection) => connection.send(sent++, maker.next());
  const take = (connection: Connection, status: number) => {
    elapsedMs[connection.request] = performance.now() - dueAt(connection.request);
    if (status < 200 || status > 299) refused++;
    if (++answered === total) over.resolve();
    else if (sent < due()) sendTo(connection);
    else idle.push(connection);
  };
  for (let index = 0; index < connections; index++) {
    const connection = new Connection(take);
    await connection.open(new URL(target.url));
    idle.push(connection);
  }
  startedAt = performance.now();
  const timer = setInterval(() => {
    const free = idle.splice(0, due() - sent);
    for (const connection of free) sendTo(connection);
  }, 1);
  setTimeout(() => fail(`${total - answered} requests were not answered`), seconds * 1_000 + ANSWER_MS_MAX).unref();
  await over.promise;
  clearInterval(timer);
  const durationUs = Math.round((performance.now() - startedAt) * 1_000);
  elapsedMs.sort();
  const us = (share: number) => Math.round((elapsedMs[Math.floor(share * (total - 1))] as number) * 1_000);
  return {
    bytes: maker.bytes,
    durationUs,
    requests: total,
    refused,
    broken: 0,
    p50Us: us(0.5),
    p99Us: us(0.99),
    maxUs: us(1),
  };
}

const result = await run(JSON.parse(process.argv[2] ?? "") as PacedOrders);
console.log(JSON.stringify(result));
process.exit(0);
