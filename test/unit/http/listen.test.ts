import { afterEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listen } from "#runtime/listen.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import { Connections } from "../../../src/runtime/contract/connections.ts";
import { withFolder } from "../../support/folder.ts";
import { createFixture, ORIGIN } from "./fixture.ts";
import { RawConnection, statuses } from "./raw.ts";
import { BATCH, connectTo, endAll, GOOD, listeners, PATH, start } from "./serving.ts";

afterEach(endAll);

/** Statuses of what the bytes are answered, once there are `count` or the server has closed. */
async function statusesFor(bytes: string | Uint8Array, count = 1, fixture = createFixture()): Promise<number[]> {
  const connection = await connectTo(await start(fixture));
  connection.write(bytes);
  return statuses(await connection.until((received) => statuses(received).length >= count));
}

describe("a listener", () => {
  test("binds any free port and says which", async () => {
    const listener = await start(createFixture());
    expect(listener.url).toBe(`http://127.0.0.1:${listener.port}`);
    expect(listener.port).toBeGreaterThan(0);
    expect((await fetch(`${listener.url}/healthz`)).status).toBe(200);
  });

  test("serves HTTPS with a certificate", async () => {
    await withFolder(async (folder) => {
      const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
      execFileSync(
        "openssl",
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject],
        {
          stdio: "ignore",
        },
      );
      const listener = await start(createFixture(), {
        cert: readFileSync(cert, "utf8"),
        key: readFileSync(key, "utf8"),
      });
      expect(listener.url).toStartWith("https://");
      const response = await fetch(`${listener.url}${PATH}`, {
        method: "POST",
        body: BATCH,
        tls: { ca: readFileSync(cert, "utf8") },
      });
      expect(response.status).toBe(202);
    });
  });

  test("knows the peer's address", async () => {
    const connections = new Connections();
    const seen: string[] = [];
    const listener = await listen({
      host: "127.0.0.1",
      port: 0,
      connections,
      fetch: (request) => {
        seen.push(connections.addressOf(request));
        return new Response("ok");
      },
      onError: () => {},
    });
    listeners.push(listener);
    await fetch(listener.url);
    const connection = await connectTo(listener);
    connection.write("GET /healthz HTTP/1.0\r\n\r\n");
    await connection.until((received) => received.includes("ok"));
    expect(seen).toEqual(["127.0.0.1", "127.0.0.1"]);
    expect(connections.addressOf(new Request("http://localhost/"))).toBe("unknown");
  });

  test("lets a connection idle without limit when its request is exempt from the idle timeout", async () => {
    const connections = new Connections();
    const [cut, kept] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const listener = await listen({
      host: "127.0.0.1",
      port: 0,
      connections,
      idleSeconds: 1,
      fetch: async (request) => {
        if (request.url.endsWith("/idle")) await cut.promise;
        else {
          connections.exemptFromIdleTimeout(request);
          await kept.promise;
        }
        return new Response("kept");
      },
      onError: () => {},
    });
    listeners.push(listener);
    // Without a Host, the listener replaces the request by another.
    const [plain, patient] = [await connectTo(listener), await connectTo(listener)];
    plain.write("GET /kept HTTP/1.0\r\n\r\n");
    patient.write("GET /kept HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const idle = await connectTo(listener);
    idle.write("GET /idle HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await idle.until(() => idle.isClosed);
    kept.resolve();
    for (const connection of [plain, patient]) {
      expect(statuses(await connection.until((received) => received.includes("kept")))).toEqual([200]);
    }
    cut.resolve();
  }, 20_000);

  test("answers 500 without the text when the application throws", async () => {
    const errors: string[] = [];
    const listener = await listen({
      host: "127.0.0.1",
      port: 0,
      connections: new Connections(),
      fetch: () => Promise.reject(new Error("secret")),
      onError: (error) => errors.push(error.message),
    });
    listeners.push(listener);
    const response = await fetch(listener.url);
    expect([response.status, await response.json(), errors]).toEqual([500, { message: "Internal error" }, ["secret"]]);
  });

  test("refuses a port that is taken, naming it", async () => {
    const { port } = await start(createFixture());
    const options = {
      host: "127.0.0.1",
      port,
      fetch: () => new Response(),
      connections: new Connections(),
      onError: () => {},
    };
    const message = `cannot listen on 127.0.0.1 port ${port}: something else listens there; choose another port`;
    const refusal: unknown = await listen(options).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(OperatingError);
    expect(refusal).toMatchObject({ code: "address_in_use", message });
  });
});

describe("stopping", () => {
  test("ends idle connections, answers what was begun, and takes nothing new", async () => {
    const fixture = createFixture();
    const answered = Promise.withResolvers<"accepted">();
    fixture.pushAnswer = () => answered.promise;
    const listener = await start(fixture);
    const [idle, busy] = [await connectTo(listener), await connectTo(listener)];
    idle.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await idle.until((received) => received.includes("ok"));
    busy.write(GOOD);
    while (fixture.pushed.length === 0) await new Promise((wake) => setImmediate(wake));
    const stopped = listener.stop(5000);
    await idle.until(() => false);
    expect(idle.isClosed).toBe(true);
    expect(
      await RawConnection.open(listener.port).then(
        () => "let in",
        () => "refused",
      ),
    ).toBe("refused");
    answered.resolve("accepted");
    expect(statuses(await busy.until((received) => received.includes("queued")))).toEqual([202]);
    await stopped;
  });

  test("does not wait longer than its grace for a body that does not come", async () => {
    const listener = await start(createFixture());
    const stalled = await connectTo(listener);
    stalled.write(GOOD.slice(0, -5));
    await listener.stop(50);
    await stalled.until(() => false);
    expect(stalled.isClosed).toBe(true);
  });
});

describe("unusual but proper HTTP is served", () => {
  test("a chunked body, in pieces", async () => {
    const connection = await connectTo(await start(createFixture()));
    const half = BATCH.length >> 1;
    const chunks = [BATCH.slice(0, half), BATCH.slice(half)].map(
      (text) => `${text.length.toString(16)}\r\n${text}\r\n`,
    );
    for (const part of [
      `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
      ...chunks,
      "0\r\n\r\n",
    ]) {
      connection.write(part);
      await new Promise((wake) => setImmediate(wake));
    }
    expect(statuses(await connection.until((received) => received.includes("queued")))).toEqual([202]);
  });

  test("several requests in one write", async () => {
    expect(await statusesFor(GOOD + GOOD + GOOD, 3)).toEqual([202, 202, 202]);
  });

  test("a body that is announced first (Expect: 100-continue)", async () => {
    const connection = await connectTo(await start(createFixture()));
    connection.write(GOOD.slice(0, -BATCH.length).replace("Host:", "Expect: 100-continue\r\nHost:"));
    await connection.until((received) => received.includes("100 Continue"));
    connection.write(BATCH);
    expect(statuses(await connection.until((received) => received.includes("queued")))).toEqual([202]);
  });

  test("HTTP/1.0 without a Host, and a Host of one letter", async () => {
    expect(await statusesFor("GET /readyz HTTP/1.0\r\n\r\n")).toEqual([200]);
    expect(await statusesFor(GOOD.replace("HTTP/1.1\r\nHost: localhost", "HTTP/1.0"))).toEqual([202]);
    expect(await statusesFor(GOOD.replace("localhost", "a"))).toEqual([202]);
    expect(await statusesFor(GOOD.replace(PATH, `http://a${PATH}`))).toEqual([202]);
  });

  test("two equal lengths", async () => {
    expect(await statusesFor(GOOD.replace("Host", `Content-Length: ${BATCH.length}\r\nHost`))).toEqual([202]);
  });
});

describe("the path that needs no router", () => {
  test("answers as the router does, for every method and query", async () => {
    const fixture = createFixture();
    const { url: direct } = await start(fixture);
    const routed = await listen({
      host: "127.0.0.1",
      port: 0,
      fetch: fixture.fetch,
      connections: new Connections(),
      onError: () => {},
    });
    listeners.push(routed);
    const requests: [string, string, string | undefined, number][] = [
      ["POST", PATH, BATCH, 202],
      ["POST", `${PATH}?verbose=1`, "[]", 422],
      ["POST", `${PATH}/`, BATCH, 202],
      ["GET", PATH, undefined, 405],
      ["HEAD", PATH, undefined, 405],
      ["PUT", PATH, BATCH, 405],
      ["OPTIONS", PATH, undefined, 204],
    ];
    for (const [method, path, body = null, status] of requests) {
      const ask = async (url: string) => {
        const response = await fetch(`${url}${path}`, { method, body, headers: { origin: ORIGIN } });
        const headers = [...response.headers].filter(([name]) => name !== "date");
        return { status: response.status, headers, body: await response.text() };
      };
      const answer = await ask(direct);
      expect(answer).toEqual(await ask(routed.url));
      expect([method, path, answer.status]).toEqual([method, path, status]);
    }
  });
});
