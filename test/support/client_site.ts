// A shop whose pages use the client library: pages, the library's files and a gateway before the server, each on an
// origin of its own. The gateway sees every request, and can be told to fail like a network does.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const FILES = join(import.meta.dir, "../../dist/client");

/** How the gateway treats what comes. */
export type GatewayMode =
  | "pass"
  /** The connection ends without an answer; the server gets nothing. */
  | "down"
  /** The server gets it and answers, and the answer is lost. */
  | "lose answers"
  /** The server gets it, and the page waits for the answer until the mode changes. */
  | "hold answers"
  /** The server gets nothing, and the connection ends when the mode changes. */
  | "stall"
  /** Answered 503 with this Retry-After. */
  | { readonly retryAfter: string };

export interface SeenRequest {
  readonly idempotencyKey: string;
  readonly body: string;
  readonly mode: GatewayMode;
  /** Path of the page that sent it: that of a page which was left may come after those of the next one. */
  readonly from: string;
  /** Unix ms. */
  readonly at: number;
}

export interface PageOptions {
  /** Attributes of the script tag beside those that are always there. */
  readonly attributes?: string;
  /** Instead of the script tag. */
  readonly head?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class ClientSite {
  mode: GatewayMode = "pass";
  readonly seen: SeenRequest[] = [];
  /** Headers of what pages asked the shop itself under /api/. */
  readonly shopRequests: IncomingMessage["headers"][] = [];
  options: PageOptions = {};
  /** Where the gateway passes requests on to: "http://127.0.0.1:7070". */
  target = "";
  readonly #servers: Server[] = [];
  readonly #held: (() => void)[] = [];

  async start(): Promise<void> {
    const gateway = (incoming: IncomingMessage, response: ServerResponse) => void this.#gateway(incoming, response);
    for (const handle of [this.#shop, this.#library, gateway]) {
      const server = createServer(handle);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      this.#servers.push(server);
    }
  }

  async close(): Promise<void> {
    this.release();
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Lets held answers go, and changes the mode. */
  release(mode: GatewayMode = "pass"): void {
    this.mode = mode;
    for (const go of this.#held.splice(0)) go();
  }

  /** The shop's origin under a name: "localhost" or "127.0.0.1". */
  origin(name = "localhost"): string {
    return `http://${name}:${this.#port(0)}`;
  }

  get libraryUrl(): string {
    return `http://localhost:${this.#port(1)}`;
  }

  get gatewayUrl(): string {
    return `http://localhost:${this.#port(2)}`;
  }

  /** As a policy lists it: "sha256-…". */
  hashOf(file: string): string {
    return `sha256-${createHash("sha256")
      .update(readFileSync(join(FILES, file)))
      .digest("base64")}`;
  }

  /** The tag of the library, with these attributes beside source and endpoint. */
  scriptTag(attributes: string): string {
    return `<script src="${this.libraryUrl}/sdk/simplelogs.js" data-api-endpoint="${this.gatewayUrl}/api/v1" ${attributes}></script>`;
  }

  #port(index: number): number {
    const server = this.#servers[index] as Server;
    return (server.address() as AddressInfo).port;
  }

  readonly #shop = (incoming: IncomingMessage, response: ServerResponse): void => {
    if (incoming.url?.startsWith("/api/")) {
      this.shopRequests.push(incoming.headers);
      response.statusCode = incoming.url.includes("broken") ? 500 : 200;
      response.end("{}");
      return;
    }
    const { attributes = "", head = this.scriptTag(attributes), headers = {} } = this.options;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader("referrer-policy", "unsafe-url");
    response.end(`<!doctype html><title>Shop</title><link rel="icon" href="data:,">${head}<h1>Shop</h1>`);
  };

  readonly #library = (incoming: IncomingMessage, response: ServerResponse): void => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("content-type", "text/javascript; charset=utf-8");
    try {
      response.end(readFileSync(join(FILES, (incoming.url ?? "").replace("/sdk/", ""))));
    } catch {
      response.statusCode = 404;
      response.end();
    }
  };

  readonly #gateway = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { mode } = this;
    const { searchParams } = new URL(incoming.url ?? "", this.gatewayUrl);
    const idempotencyKey = searchParams.get("idempotency_key") ?? "";
    const from = URL.parse(incoming.headers.referer ?? "")?.pathname ?? "";
    this.seen.push({ idempotencyKey, body: body.toString("utf8"), mode, from, at: Date.now() });
    if (mode === "down") {
      incoming.socket.destroy();
    } else if (mode === "stall") {
      this.#held.push(() => incoming.socket.destroy());
    } else if (typeof mode === "object") {
      response.writeHead(503, {
        "retry-after": mode.retryAfter,
        "access-control-allow-origin": incoming.headers.origin ?? "",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Retry-After",
      });
      response.end('{"message":"busy"}');
    } else {
      this.#pass(incoming, body, response);
    }
  };

  #pass(incoming: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { mode } = this;
    const headers = { ...incoming.headers, host: new URL(this.target).host, connection: "close" };
    const onward = request(
      `${this.target}${incoming.url}`,
      { method: incoming.method ?? "POST", headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const go = () => {
            response.writeHead(answer.statusCode ?? 500, answer.headers);
            response.end(Buffer.concat(chunks));
          };
          if (mode === "lose answers") incoming.socket.destroy();
          else if (this.mode === "hold answers") this.#held.push(go);
          else go();
        });
      },
    );
    onward.on("error", () => incoming.socket.destroy());
    onward.end(body);
  }
}
