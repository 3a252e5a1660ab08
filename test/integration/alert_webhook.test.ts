// Webhooks over real sockets: what is sent, and what is made of receivers that fail, hang, ask for patience, redirect,
// die in the middle of their answer, or answer without end.

import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { AllowedAddresses } from "../../src/alerts/delivery/addresses.ts";
import { startHeartbeat } from "../../src/alerts/delivery/heartbeat.ts";
import type { DeliveryContext } from "../../src/alerts/delivery/outcome.ts";
import { send } from "../../src/alerts/delivery/send.ts";
import { TEMPLATE_NAMES } from "../../src/core/destination.ts";
import { parseJsonTemplate } from "../../src/core/json_template.ts";
import { Secret } from "../../src/core/secret.ts";
import { selfSignedCertificate } from "../support/certificate.ts";
import { untilTrue } from "../support/condition.ts";
import { ManualSchedule } from "../support/manual_schedule.ts";
import { deliveryContext, notification, TOLD_AT, webhook } from "../support/notifications.ts";

const TOKEN = "xq7Zp2-Lk9vTrW4";

interface Request {
  readonly head: string;
  readonly body: string;
}

/** A server of raw bytes: it hands each whole request to `answer`, which writes to the socket what it likes. */
class RawSink implements AsyncDisposable {
  readonly requests: Request[] = [];
  readonly #server;
  readonly #sockets = new Set<Socket>();

  private constructor(answer: (socket: Socket, request: Request) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      let text = "";
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
        const end = text.indexOf("\r\n\r\n");
        const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
        if (end === -1 || Buffer.byteLength(text.slice(end + 4)) < length) return;
        const request = { head: text.slice(0, end), body: text.slice(end + 4) };
        text = "";
        this.requests.push(request);
        answer(socket, request);
      });
    });
  }

  static async start(answer: (socket: Socket, request: Request) => void): Promise<RawSink> {
    const sink = new RawSink(answer);
    await new Promise<void>((resolve) => sink.#server.listen(0, "127.0.0.1", resolve));
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = "/hook"): string {
    return `http://localhost:${this.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

function reply(status: number, headers = "", body = ""): (socket: Socket) => void {
  return (socket) =>
    void socket.end(`HTTP/1.1 ${status} Text\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function headersOf({ head }: Request): Record<string, string> {
  const lines = head.split("\r\n").slice(1);
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
}

const RETRY = (reason: string) => ({ outcome: "retry", reason }) as const;

describe("a webhook", () => {
  test("is sent everything that is known, and its own headers", async () => {
    await using sink = await RawSink.start(reply(200));
    const destination = webhook(sink.url("/a/b?c=d"), {
      headers: { "X-Token": new Secret(TOKEN) },
      credentials: { user: "ü", password: new Secret("p:w") },
    });
    expect(await send(destination, notification(), deliveryContext())).toEqual({ outcome: "delivered" });
    const [request] = sink.requests;
    if (request === undefined) throw new Error("no request");
    expect(request.head).toStartWith("POST /a/b?c=d HTTP/1.1\r\n");
    expect(headersOf(request)).toMatchObject({
      host: `localhost:${sink.port}`,
      "content-type": "application/json",
      "x-token": TOKEN,
      authorization: `Basic ${Buffer.from("ü:p:w").toString("base64")}`,
      "webhook-id": "run-1.7",
      "webhook-timestamp": String(TOLD_AT / 1000),
    });
    expect(JSON.parse(request.body)).toMatchObject({
      id: "run-1.7",
      name: "errors",
      state: "firing",
      value: 12,
      threshold: 10,
      samples: [{ message: "Payment failed" }],
    });
  });

  for (const [secret, key] of [
    ["a plain secret of 24 ch", Buffer.from("a plain secret of 24 ch")],
    [`whsec_${Buffer.from("0123456789abcdef").toString("base64")}`, Buffer.from("0123456789abcdef")],
  ] as const) {
    test(`is signed as Standard Webhooks says, with ${secret.slice(0, 6)}`, async () => {
      await using sink = await RawSink.start(reply(204));
      await send(webhook(sink.url(), { secret: new Secret(secret) }), notification({ rule: "ü" }), deliveryContext());
      const [request] = sink.requests;
      const headers = request === undefined ? {} : headersOf(request);
      const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${request?.body}`;
      expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    });
  }

  test("has the form of its template, whatever stands in a record", async () => {
    await using sink = await RawSink.start(reply(200));
    const parsed = parseJsonTemplate('{"t": "{{name}}: {{samples}}", "s": {{samples}}, "v": {{value}}}', [
      "name",
      "samples",
      "value",
    ]);
    if (!parsed.ok) throw new Error(parsed.problem);
    const message = '","admin":true,"x":"\\ \u2028 \ud800 {{name}} \u0000';
    const told = notification({ rule: 'a"b', samples: [{ id: 1, time: TOLD_AT, message, url: "u" }] });
    await send(webhook(sink.url(), { template: parsed.template }), told, deliveryContext());
    const body = JSON.parse(sink.requests[0]?.body ?? "") as Record<string, unknown>;
    expect(Object.keys(body)).toEqual(["t", "s", "v"]);
    expect(body["t"]).toContain('a"b: 2026-11-30T09:00:00.000Z ","admin":true,"x":"');
    expect(body["t"]).toContain("{{name}}");
  });

  test("of ntfy is sent to the root of its server", async () => {
    await using sink = await RawSink.start(reply(200));
    await send(webhook(sink.url("/my-alerts"), { template: "ntfy" }), notification(), deliveryContext());
    expect(sink.requests[0]?.head).toStartWith("POST / HTTP/1.1");
    expect(JSON.parse(sink.requests[0]?.body ?? "")).toMatchObject({ topic: "my-alerts", title: "firing: errors" });
  });
});

describe("a webhook is tried again", () => {
  for (const status of [400, 401, 403, 404, 410, 422, 500, 502, 503, 100 + 204, 303]) {
    test(`after an answer of ${status}`, async () => {
      await using sink = await RawSink.start(reply(status));
      expect(await send(webhook(sink.url()), notification(), deliveryContext())).toEqual(RETRY(`answered ${status}`));
      expect(sink.requests).toHaveLength(1);
    });
  }

  test("not before it asks for it", async () => {
    const cases: readonly (readonly [header: string, afterMs: number | undefined])[] = [
      ["Retry-After: 7", 7_000],
      ["Retry-After: 0", 0],
      ["Retry-After: 99999999999", 3_600_000],
      [`Retry-After: ${new Date(TOLD_AT + 90_000).toUTCString()}`, 90_000],
      [`Retry-After: ${new Date(TOLD_AT - 90_000).toUTCString()}`, 0],
      ["Retry-After: soon", undefined],
      ["Retry-After: -5", undefined],
    ];
    for (const [header, afterMs] of cases) {
      await using sink = await RawSink.start(reply(429, `${header}\r\n`, "slow down"));
      const outcome = await send(webhook(sink.url()), notification(), deliveryContext());
      expect([header, outcome]).toEqual([
        header,
        { ...RETRY("answered 429: slow down"), ...(afterMs === undefined ? {} : { afterMs }) },
      ]);
    }
  });

  const cut = "the connection was closed in the middle of the answer";
  const dying: readonly (readonly [name: string, bytes: string, reason: string])[] = [
    ["before it answers", "", "cannot connect: ECONNRESET"],
    ["within the first line", "HTTP/1.1 20", ""],
    ["within the headers", "HTTP/1.1 200 OK\r\nContent-", ""],
    ["within the body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", cut],
    ["within a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha", cut],
    ["before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", cut],
  ];
  for (const [name, bytes, reason] of dying) {
    for (const how of ["destroy", "end"] as const) {
      test(`when it dies ${name} (${how})`, async () => {
        await using sink = await RawSink.start((socket) => {
          socket.write(bytes, () => (how === "end" ? socket.end() : socket.destroy()));
          if (bytes === "") socket[how]();
        });
        const outcome = await send(webhook(sink.url()), notification(), deliveryContext());
        expect(outcome).toMatchObject({ outcome: "retry" });
        if (reason === cut) expect(outcome).toEqual(RETRY(cut));
      });
    }
  }

  const hanging: readonly (readonly [name: string, bytes: string])[] = [
    ["it says nothing", ""],
    ["its answer stops within the headers", "HTTP/1.1 200 OK\r\nX: "],
    ["its answer stops within the body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"],
  ];
  test.each(hanging)("after ten seconds, when %s", async (_name, bytes) => {
    await using sink = await RawSink.start((socket) => void socket.write(bytes));
    const time = new ManualSchedule();
    const sending = send(webhook(sink.url()), notification(), deliveryContext({ schedule: time.schedule }));
    await untilTrue("the request", () => sink.requests.length === 1);
    time.pass(9_999);
    expect(time.waits).toEqual([1]);
    time.pass(1);
    expect(await sending).toEqual(RETRY("no whole answer within 10 s"));
  });

  test("after ten seconds, when the name is not resolved", async () => {
    const time = new ManualSchedule();
    const context = deliveryContext({ schedule: time.schedule, resolve: () => new Promise(() => undefined) });
    const sending = send(webhook("http://a.example"), notification(), context);
    time.pass(10_000);
    expect(await sending).toEqual(RETRY("no whole answer within 10 s"));
  });

  test("when it answers headers without end, or none that HTTP knows", async () => {
    for (const bytes of [
      `HTTP/1.1 200 OK\r\nX: ${"a".repeat(1_000_000)}`,
      "SSH-2.0-OpenSSH\r\n\r\n",
      "\u0000\u0001\u0002\r\n\r\n",
    ]) {
      await using sink = await RawSink.start((socket) => void socket.end(bytes));
      expect(await send(webhook(sink.url()), notification(), deliveryContext())).toMatchObject({ outcome: "retry" });
    }
  });
});

test("an answer without end is told once enough of it was read", async () => {
  let written = 0;
  await using sink = await RawSink.start((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const more = (): void => {
      if (socket.destroyed || written > 50_000_000) return;
      written += 10_000;
      socket.write(`2710\r\n${"a".repeat(10_000)}\r\n`, () => setImmediate(more));
    };
    more();
  });
  expect(await send(webhook(sink.url()), notification(), deliveryContext())).toEqual({ outcome: "delivered" });
  expect(written).toBeLessThan(50_000_000);
});

describe("a redirect", () => {
  test("on the same host is followed as the same POST", async () => {
    for (const status of [301, 302, 307, 308]) {
      await using sink = await RawSink.start((socket, { head }) =>
        head.startsWith("POST /hook ") ? reply(status, "Location: /new?x=1\r\n")(socket) : reply(200)(socket),
      );
      const destination = webhook(sink.url(), { headers: { "x-token": new Secret(TOKEN) } });
      expect(await send(destination, notification(), deliveryContext())).toEqual({ outcome: "delivered" });
      expect(sink.requests.map(({ head }) => head.split("\r\n")[0])).toEqual([
        "POST /hook HTTP/1.1",
        "POST /new?x=1 HTTP/1.1",
      ]);
      expect(sink.requests[1]?.body).toBe(sink.requests[0]?.body as string);
    }
  });

  test("to another host, port or protocol is not followed", async () => {
    await using other = await RawSink.start(reply(200));
    const locations = [
      `http://localhost:${other.port}/`,
      `http://127.0.0.1:${other.port}/`,
      `//localhost:${other.port}/`,
      "http://169.254.169.254/latest",
      "https://localhost/",
      "file:///etc/passwd",
      "http://localhost@evil.example/",
      "ftp://localhost/",
    ];
    for (const location of locations) {
      await using sink = await RawSink.start(reply(307, `Location: ${location}\r\n`));
      const outcome = await send(webhook(sink.url()), notification(), deliveryContext());
      expect([location, outcome]).toEqual([
        location,
        RETRY("answered 307: it redirects to another host, which is not followed"),
      ]);
      expect(sink.requests).toHaveLength(1);
    }
    expect(other.requests).toEqual([]);
  });

  test("that leads in a circle ends", async () => {
    await using sink = await RawSink.start(reply(308, "Location: /hook\r\n"));
    expect(await send(webhook(sink.url()), notification(), deliveryContext())).toEqual(
      RETRY("it redirects more than 3 times"),
    );
    expect(sink.requests).toHaveLength(4);
  });
});

describe("an address", () => {
  const refused = RETRY("the host is at a private address; private_addresses in the configuration allows it");

  test("that is private is not connected to, where only DNS names it", async () => {
    await using sink = await RawSink.start(reply(200));
    const context = (address: string): DeliveryContext =>
      deliveryContext({ allowed: new AllowedAddresses([]), resolve: () => Promise.resolve([address]) });
    for (const address of [
      "127.0.0.1",
      "::1",
      "::ffff:127.0.0.1",
      "10.0.0.1",
      "169.254.169.254",
      "fe80::1%lo",
      "fd00::1",
      "0.0.0.0",
      "64:ff9b::7f00:1",
    ]) {
      const destination = webhook(`http://hooks.example.com:${sink.port}/`);
      expect([address, await send(destination, notification(), context(address))]).toEqual([address, refused]);
    }
    expect(sink.requests).toEqual([]);
  });

  test("that the URL itself names is connected to", async () => {
    await using sink = await RawSink.start(reply(200));
    const context = deliveryContext({ allowed: new AllowedAddresses([]) });
    for (const host of ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"]) {
      const outcome = await send(webhook(`http://${host}:${sink.port}/`), notification(), context);
      expect([host, outcome]).toEqual([host, { outcome: "delivered" }]);
    }
  });

  test("is the one that was checked: the name is resolved once, and what it leads to later does not matter", async () => {
    await using sink = await RawSink.start(reply(200));
    const answers = [["127.0.0.1"], ["127.0.0.9"]];
    let asked = 0;
    const context = deliveryContext({
      allowed: new AllowedAddresses(["127.0.0.1"]),
      resolve: () => Promise.resolve(answers[Math.min(asked++, 1)] ?? []),
    });
    expect(await send(webhook(`http://rebind.example:${sink.port}/`), notification(), context)).toEqual({
      outcome: "delivered",
    });
    expect(asked).toBe(1);
    expect(await send(webhook(`http://rebind.example:${sink.port}/`), notification(), context)).toEqual(refused);
  });

  test("beside a private one is used alone", async () => {
    await using sink = await RawSink.start(reply(200));
    const context = deliveryContext({
      allowed: new AllowedAddresses(["127.0.0.1"]),
      resolve: () => Promise.resolve(["10.0.0.1", "127.0.0.1"]),
    });
    expect(await send(webhook(`http://two.example:${sink.port}/`), notification(), context)).toEqual({
      outcome: "delivered",
    });
  });

  test("keeps the host's name for its certificate", async () => {
    const certificate = selfSignedCertificate();
    const hosts: (string | undefined)[] = [];
    const server = createHttpsServer(certificate, (request, response) => {
      hosts.push(request.headers.host);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const trusting = deliveryContext({ ca: certificate.cert });
    expect(await send(webhook(`https://localhost:${port}/`), notification(), trusting)).toEqual({
      outcome: "delivered",
    });
    expect(await send(webhook(`https://other.example:${port}/`), notification(), trusting)).toEqual(
      RETRY("cannot connect: ERR_TLS_CERT_ALTNAME_INVALID"),
    );
    expect(await send(webhook(`https://localhost:${port}/`), notification(), deliveryContext())).toMatchObject({
      outcome: "retry",
    });
    expect(hosts).toEqual([`localhost:${port}`]);
    server.close();
  });
});

test("no reason shows a secret, whatever the receiver repeats of it", async () => {
  const secret = new Secret(`${TOKEN}-signing`);
  for (const said of [
    TOKEN,
    TOKEN.toUpperCase(),
    TOKEN.slice(3, 12),
    `${TOKEN}-signing`,
    encodeURIComponent(TOKEN),
    Buffer.from(`u:${TOKEN}`).toString("base64"),
  ]) {
    await using sink = await RawSink.start(reply(401, "", `bad token ${said}`));
    const destination = webhook(sink.url(`/services/${TOKEN}`), {
      secret,
      headers: { authorization: new Secret(`Bearer ${TOKEN}`) },
      credentials: { user: "u", password: new Secret(TOKEN) },
    });
    expect([said, await send(destination, notification(), deliveryContext())]).toEqual([said, RETRY("answered 401")]);
  }
});

test("no reason shows a token that stands in a template", async () => {
  const parsed = parseJsonTemplate(`{"routing_key": "${TOKEN}abcdef", "text": "{{name}}"}`, ["name"]);
  if (!parsed.ok) throw new Error(parsed.problem);
  await using sink = await RawSink.start((socket, { body }) => reply(400, "", `unknown: ${body}`)(socket));
  const outcome = await send(webhook(sink.url(), { template: parsed.template }), notification(), deliveryContext());
  expect(outcome).toEqual(RETRY("answered 400"));
});

test("no body has half of a pair, which strict readers refuse", async () => {
  const parsed = parseJsonTemplate(
    '{"t": "{{name}} {{note}} {{group}} {{samples}} {{summary}}", "s": {{samples}}}',
    TEMPLATE_NAMES,
  );
  if (!parsed.ok) throw new Error(parsed.problem);
  const half = "a\ud800b\udc00";
  const told = notification({
    rule: half,
    note: half,
    group: { field: "key", value: half },
    samples: [{ id: 1, time: TOLD_AT, touchpoint: half, message: half, url: "u" }],
  });
  for (const template of [undefined, parsed.template, "slack", "discord", "ntfy"] as const) {
    await using sink = await RawSink.start(reply(200));
    await send(webhook(sink.url("/topic"), { template }), told, deliveryContext());
    const { body } = sink.requests[0] as Request;
    expect([template, /\\ud[89a-f]/i.test(body)]).toEqual([template, false]);
  }
});

describe("heartbeat_url", () => {
  test("is asked at once and each minute, while the server is ready", async () => {
    await using sink = await RawSink.start(reply(200));
    const time = new ManualSchedule();
    const beats: boolean[] = [];
    const lines: string[] = [];
    let isReady = true;
    const stop = startHeartbeat({
      url: new Secret(sink.url(`/ping/${TOKEN}`)),
      context: () => deliveryContext({ schedule: time.schedule }),
      schedule: time.schedule,
      isReady: () => isReady,
      asked: (isAnswered) => beats.push(isAnswered),
      log: (_level, message) => lines.push(message),
    });
    await untilTrue("the first", () => beats.length === 1);
    time.pass(60_000);
    await untilTrue("the second", () => beats.length === 2);
    isReady = false;
    time.pass(180_000);
    isReady = true;
    time.pass(60_000);
    await untilTrue("the third", () => beats.length === 3);
    stop();
    time.pass(600_000);
    expect(sink.requests.map(({ head }) => head.split("\r\n")[0])).toEqual(
      Array.from({ length: 3 }, () => `GET /ping/${TOKEN} HTTP/1.1`),
    );
    expect([beats, lines]).toEqual([[true, true, true], []]);
  });

  test("that does not answer is said once in the log, without its path", async () => {
    await using sink = await RawSink.start(reply(500, "", TOKEN));
    const time = new ManualSchedule();
    const beats: boolean[] = [];
    const lines: string[] = [];
    const stop = startHeartbeat({
      url: new Secret(sink.url(`/ping/${TOKEN}`)),
      context: () => deliveryContext({ schedule: time.schedule }),
      schedule: time.schedule,
      isReady: () => true,
      asked: (isAnswered) => beats.push(isAnswered),
      log: (_level, message) => lines.push(message),
    });
    await untilTrue("the first", () => beats.length === 1);
    time.pass(60_000);
    await untilTrue("the second", () => beats.length === 2);
    stop();
    expect(lines).toEqual(["heartbeat_url does not answer as it should: answered 500"]);
  });

  test("is asked at the addresses that are allowed now, not at those of the start", async () => {
    await using sink = await RawSink.start(reply(200));
    const time = new ManualSchedule();
    const beats: boolean[] = [];
    let allowed = new AllowedAddresses([]);
    const stop = startHeartbeat({
      url: new Secret(`http://heartbeat.example:${sink.port}/`),
      context: () => deliveryContext({ schedule: time.schedule, allowed }),
      schedule: time.schedule,
      isReady: () => true,
      asked: (isAnswered) => beats.push(isAnswered),
      log: () => undefined,
    });
    await untilTrue("the first", () => beats.length === 1);
    allowed = new AllowedAddresses(["127.0.0.1"]);
    time.pass(60_000);
    await untilTrue("the second", () => beats.length === 2);
    allowed = new AllowedAddresses([]);
    time.pass(60_000);
    await untilTrue("the third", () => beats.length === 3);
    stop();
    expect(beats).toEqual([false, true, false]);
  });
});
