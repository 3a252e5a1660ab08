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
 * - `unavailable_after`: it is done, and 503 comes in the place of the answer.
 * - `request_cut`: half of its body reaches the server, then both connections are closed.
 * - `other_server`: another server answers 200 with a page, and it never reaches the server.
 * - `nothing`: another server answers 200 without a body, and it never reaches the server.
 * - `redirect`: a proxy asks to log in elsewhere.
 */
export type Fault =
  | "answer_lost"
  | "answer_hangs"
  | "request_lost"
  | "request_hangs"
  | "request_cut"
  | "answer_cut"
  | "unavailable"
  | "unavailable_after"
  | "other_server"
  | "nothing"
  | "redirect";

/** An exception of the server, by its code; `isStored`: after the request was done. */
export interface ServerException {
  readonly code: number;
  readonly isStored?: boolean;
}

/** What something answers that stands before the server. */
const PAGES: Readonly<Partial<Record<Fault, readonly [number, Record<string, string>, string]>>> = {
  unavailable: [503, { "Content-Type": "text/plain" }, "no server is available\n"],
  other_server: [200, { "Content-Type": "text/html" }, "<html><body>Back in a minute</body></html>\n"],
  nothing: [200, {}, ""],
  redirect: [302, { Location: "http://127.0.0.1:1/login" }, ""],
};

/** A request that went past, as the client sent it. */
export interface SeenRequest {
  readonly search: URLSearchParams;
  readonly body: Buffer;
}

interface PlannedFault {
  readonly fault: Fault | ServerException;
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
  /** Settings that the user has by a profile: "max_block_size = 10, readonly = 1". */
  profile = "";
  #isAway = false;

  private constructor(password: string) {
    this.#password = password;
    this.#folder = mkdtempSync(join(tmpdir(), "simplelogs-clickhouse-"));
    // What a server takes of an address, and more.
    this.#proxy = createServer(
      { maxHeaderSize: 2 * 1024 * 1024 },
      (request, response) => void this.#pass(request, response),
    );
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
  fail(fault: Fault | ServerException, count = 1, matches: (request: SeenRequest) => boolean = () => true): void {
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
    this.profile = "";
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
    if (fault === "request_cut") {
      this.#cut(request, body);
      return;
    }
    const page = typeof fault === "string" ? PAGES[fault] : fault?.isStored === true ? undefined : exceptionPage(fault);
    if (page !== undefined) {
      const [status, headers, text] = page;
      response.writeHead(status, headers).end(text);
      return;
    }
    this.#forward(request, body, (answer) => {
      if (fault !== undefined) {
        void this.#spoil(fault, answer, response);
        return;
      }
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    }).on("error", () => request.socket.destroy());
  }

  /** The server has answered; the client gets less than that. */
  async #spoil(fault: Fault | ServerException, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const whole = await collect(answer);
    const page = typeof fault === "object" ? exceptionPage(fault) : PAGES.unavailable;
    if (page !== undefined && (typeof fault === "object" || fault === "unavailable_after")) {
      response.writeHead(page[0], page[1]).end(page[2]);
      return;
    }
    if (fault === "answer_lost") response.socket?.destroy();
    if (fault !== "answer_cut") return;
    response.writeHead(answer.statusCode ?? 0, withoutLength(answer));
    response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => {
      setTimeout(() => response.socket?.destroy(), 20);
    });
  }

  /** Half of a request reaches the server; then its client is gone. */
  #cut(request: IncomingMessage, body: Buffer): void {
    const forwarded = this.#request(request, body.length, () => undefined).on("error", () => undefined);
    forwarded.write(body.subarray(0, Math.floor(body.length / 2)), () => {
      setTimeout(() => {
        forwarded.destroy();
        request.socket.destroy();
      }, 20);
    });
  }

  #forward(request: IncomingMessage, body: Buffer, answered: (answer: IncomingMessage) => void) {
    const forwarded = this.#request(request, body.length, answered);
    forwarded.end(body);
    return forwarded;
  }

  #request(request: IncomingMessage, length: number, answered: (answer: IncomingMessage) => void) {
    const { host: _host, "transfer-encoding": _encoding, ...headers } = request.headers;
    return httpRequest(
      {
        host: "127.0.0.1",
        port: this.#port,
        method: request.method,
        path: request.url,
        headers: { ...headers, "content-length": length, "x-test-profile": this.profile },
      },
      answered,
    );
  }
}

function exceptionPage(exception: ServerException | undefined): (typeof PAGES)[Fault] {
  if (exception === undefined) return undefined;
  const { code } = exception;
  const text = `Code: ${code}. DB::Exception: a test says so. (A_TEST)\n`;
  return [500, { "Content-Type": "text/plain", "X-ClickHouse-Exception-Code": String(code) }, text];
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
