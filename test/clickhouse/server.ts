// A ClickHouse server for tests, in a process of its own (engine.cjs), and a place between it and the client where
// faults are put.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackages } from "../support/suite_packages.ts";

const NODE = process.env["SIMPLELOGS_TEST_NODE"] ?? "node";

/**
 * What becomes of a request:
 * - `answer_lost`: it is done, and the connection is closed in the place of the answer.
 * - `answer_hangs`: it is done, and no answer comes.
 * - `request_lost`: the connection is closed before it reaches the server.
 * - `request_hangs`: it never reaches the server, and no answer comes.
 * - `answer_cut`: half of the answer's body comes, then the connection is closed.
 * - `unavailable`: 503, as a proxy answers, and it never reaches the server.
 */
export type Fault = "answer_lost" | "answer_hangs" | "request_lost" | "request_hangs" | "answer_cut" | "unavailable";

/** A request that went past, as the client sent it. */
export interface SeenRequest {
  readonly search: URLSearchParams;
  readonly body: Buffer;
}

interface PlannedFault {
  readonly fault: Fault;
  readonly matches: (request: SeenRequest) => boolean;
  left: number;
}

/** A server with its data in a temporary folder. */
export class ClickHouseServer {
  readonly #folder: string;
  readonly #password: string;
  readonly #packages = installPackages("clickhouse");
  #process: ChildProcess | undefined;
  #port = 0;
  readonly #proxy: Server;
  readonly #faults: PlannedFault[] = [];
  /** Requests in the order in which they came, faulty ones too. */
  readonly seen: SeenRequest[] = [];
  /** Called before each request is passed on. */
  onRequest: (request: SeenRequest) => void | Promise<void> = () => undefined;
  #isAway = false;

  private constructor(password: string) {
    this.#password = password;
    this.#folder = mkdtempSync(join(tmpdir(), "simplelogs-clickhouse-"));
    this.#proxy = createServer((request, response) => void this.#pass(request, response));
    this.#proxy.keepAliveTimeout = 1_000;
  }

  /** Starts the engine, which takes about a second. */
  static async start({ password = "" }: { readonly password?: string } = {}): Promise<ClickHouseServer> {
    const server = new ClickHouseServer(password);
    await server.#startEngine();
    await new Promise<void>((resolve) => server.#proxy.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** Where clients reach it, through the place of the faults. */
  get url(): string {
    return `http://127.0.0.1:${(this.#proxy.address() as AddressInfo).port}`;
  }

  /** Where the engine itself is: no fault is on that way. */
  get directUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The next `count` requests that match have this fault. */
  fail(fault: Fault, count = 1, matches: (request: SeenRequest) => boolean = () => true): void {
    this.#faults.push({ fault, matches, left: count });
  }

  /** From now on the connection of every request is closed at once. */
  leave(): void {
    this.#isAway = true;
    this.#proxy.closeAllConnections();
  }

  /** Undoes `leave`, and forgets faults that have not happened. */
  comeBack(): void {
    this.#isAway = false;
    this.#faults.length = 0;
  }

  /** Kills the engine with SIGKILL. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGKILL");
    await ended;
  }

  /** Starts a killed engine with the same data. */
  async restart(): Promise<void> {
    await this.#startEngine();
  }

  async stop(): Promise<void> {
    await this.kill();
    this.#proxy.closeAllConnections();
    await new Promise((resolve) => this.#proxy.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The answer of a statement as text, past all faults. Throws what the server says. */
  async ask(sql: string, format = "TabSeparated"): Promise<string> {
    const response = await fetch(`${this.directUrl}/?default_format=${format}`, {
      method: "POST",
      headers: { "X-ClickHouse-Key": this.#password },
      body: sql,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text.trimEnd();
  }

  async #startEngine(): Promise<void> {
    const program = join(import.meta.dir, "engine.cjs");
    const child = spawn(NODE, [program, this.#packages, join(this.#folder, "data"), this.#password], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#process = child;
    let [said, errors] = ["", ""];
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-4_000);
    });
    this.#port = await new Promise<number>((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.includes("\n")) resolve(Number(said.trim()));
      });
      child.once("exit", (code, signal) => {
        if (signal !== "SIGKILL") console.error(`the engine ended by itself (${code ?? signal}): ${errors}`);
        reject(new Error(`the engine ended: ${errors}`));
      });
    });
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    const seen: SeenRequest = { search: new URL(request.url ?? "/", "http://localhost").searchParams, body };
    this.seen.push(seen);
    await this.onRequest(seen);
    const planned = this.#faults.find(({ matches, left }) => left > 0 && matches(seen));
    if (planned !== undefined) planned.left--;
    const fault = this.#isAway ? "request_lost" : planned?.fault;
    if (fault === "request_lost") request.socket.destroy();
    if (fault === "request_lost" || fault === "request_hangs") return;
    if (fault === "unavailable") {
      response.writeHead(503, { "Content-Type": "text/plain" }).end("no server is available\n");
      return;
    }
    this.#forward(request, body, (answer) => {
      if (fault === "answer_hangs" || fault === "answer_lost" || fault === "answer_cut") {
        void this.#spoil(fault, answer, response);
        return;
      }
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    }).on("error", () => request.socket.destroy());
  }

  /** The server has answered; the client gets less than that. */
  async #spoil(fault: Fault, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const whole = await collect(answer);
    if (fault === "answer_lost") response.socket?.destroy();
    if (fault !== "answer_cut") return;
    response.writeHead(answer.statusCode ?? 0, withoutLength(answer));
    response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => {
      setTimeout(() => response.socket?.destroy(), 20);
    });
  }

  #forward(request: IncomingMessage, body: Buffer, answered: (answer: IncomingMessage) => void) {
    const { host: _host, "transfer-encoding": _encoding, ...headers } = request.headers;
    const forwarded = httpRequest(
      {
        host: "127.0.0.1",
        port: this.#port,
        method: request.method,
        path: request.url,
        headers: { ...headers, "content-length": body.length },
      },
      answered,
    );
    forwarded.end(body);
    return forwarded;
  }
}

function withoutLength({ headers }: IncomingMessage) {
  const { "content-length": _length, ...others } = headers;
  return { ...others, "transfer-encoding": "chunked" };
}

async function collect(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
