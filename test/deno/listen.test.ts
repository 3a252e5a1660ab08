// Deno's listener at the level of bytes: idle and patient connections, bodies read, half read and unread, clients that
// go, and the stop.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { RawConnection, statuses } from "../unit/http/raw.ts";
import { denoProgram } from "./run_deno.ts";

let program: ChildProcess;
let port = 0;
let stderr = "";

beforeAll(async () => {
  const { launcher, environment } = denoProgram("listen_program.ts");
  program = spawn(launcher, [], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  program.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  port = await new Promise<number>((resolve, reject) => {
    program.stdout?.setEncoding("utf8").once("data", (text: string) => resolve(Number(text)));
    program.once("exit", () => reject(new Error(`the program ended:\n${stderr}`)));
  });
});

afterAll(() => {
  program.kill("SIGKILL");
});

function request(path: string, body = "", method = "POST", headers = ""): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** What comes back for some bytes, once it has `expected` or the other end closes. */
async function exchange(bytes: string, expected: string): Promise<{ received: string; isClosed: boolean }> {
  const connection = await RawConnection.open(port);
  connection.write(bytes);
  const received = await connection.until((text) => text.includes(expected));
  const { isClosed } = connection;
  connection.destroy();
  return { received, isClosed };
}

async function json(path: string): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).json();
}

describe("requests on Deno", () => {
  test("in one write are answered in order, on one connection that stays", async () => {
    const bytes = request("/body", "abc") + request("/posted", "x") + request("/body", "y".repeat(9));
    const { received, isClosed } = await exchange(bytes, '{"length":9}');
    expect([statuses(received), received.includes("by its path"), isClosed]).toEqual([[200, 200, 200], true, false]);
    expect(received).toContain('{"length":3}');
    expect(received.toLowerCase()).toContain("content-length: 12");
  });

  test("without a Host, with a short one, and with an absolute URL", async () => {
    for (const bytes of [
      "GET /peer HTTP/1.0\r\n\r\n",
      request("/peer", "", "GET").replace("localhost", "a"),
      request("http://a/peer", "", "GET"),
    ]) {
      expect((await exchange(bytes, "127.0.0.1")).received).toContain("127.0.0.1");
    }
  });

  test("with a large body, whole, chunked, announced, half read or not read at all", async () => {
    const large = "z".repeat(3 * 1024 * 1024);
    expect((await exchange(request("/body", large), "length")).received).toContain('{"length":3145728}');
    const chunked = `POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`;
    expect((await exchange(chunked, 'length"')).received).toContain('{"length":5}');
    const expecting = await exchange(request("/body", "abc", "POST", "Expect: 100-continue\r\n"), 'length"');
    expect(expecting.received).toMatch(/^HTTP\/1\.1 100 [\s\S]*\{"length":3\}/);
    for (const [path, answer] of [
      ["/unread", "Payload too large"],
      ["/first", '"first":true'],
    ] as const) {
      const { received } = await exchange(request(path, large) + request("/body", "after"), '{"length":5}');
      expect(received).toContain(answer);
      expect(received).toContain('{"length":5}');
    }
  });

  test("that fetch does not allow are answered 400, and the listener keeps running", async () => {
    expect(statuses((await exchange(request("/peer", "", "TRACE"), "\r\n\r\n")).received)).toEqual([400]);
    expect(statuses((await exchange("nonsense\r\n\r\n", "\r\n\r\n")).received)).toEqual([400]);
    expect(await json("/aborted")).toEqual({ aborted: 0 });
  });

  test("that make the application throw are answered 500 without the text", async () => {
    const { received } = await exchange(request("/throws"), "Internal error");
    expect([statuses(received), received.includes("secret")]).toEqual([[500], false]);
    await untilTrue("the listener says so", () => stderr.includes("onError: secret"));
  });

  test("whose client has disconnected are aborted, and their response bodies are not read further", async () => {
    const connection = await RawConnection.open(port);
    connection.write(request("/endless", "", "GET"));
    await connection.until((text) => text.length > 100_000);
    connection.destroy();
    await eventually(
      "the application hears of it",
      async () => JSON.stringify(await json("/aborted")) === '{"aborted":1}',
    );
  });
});

describe("connections on Deno", () => {
  const idle: readonly (readonly [what: string, bytes: string])[] = [
    ["that say nothing", ""],
    ["in the middle of a head", "POST /body HTT"],
    ["in the middle of a body", request("/body", "abc").slice(0, -1)],
    ["that wait for a late answer", request("/late")],
    ["that had their answer", request("/body", "abc")],
  ];
  test.each(idle)("%s are closed when they are idle", async (_, bytes) => {
    const connection = await RawConnection.open(port);
    if (bytes !== "") connection.write(bytes);
    await connection.until(() => false);
    expect(connection.isClosed).toBe(true);
  });

  test("stay open when the client asks for it", async () => {
    const { received } = await exchange(request("/patient"), "done");
    expect(statuses(received)).toEqual([200]);
  });

  test("close when the program stops: idle ones at once, others after the grace period", async () => {
    const [quiet, stalled] = [await RawConnection.open(port), await RawConnection.open(port)];
    quiet.write(request("/body", "abc"));
    await quiet.until((text) => text.includes("length"));
    stalled.write(request("/patient"));
    const ended = new Promise((resolve) => program.once("exit", (exitCode) => resolve(exitCode)));
    program.kill("SIGTERM");
    await Promise.all([quiet.until(() => false), stalled.until(() => false)]);
    expect([quiet.isClosed, stalled.isClosed, await ended]).toEqual([true, true, 0]);
  });
});
