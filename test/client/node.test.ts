// The Node module in Node, Bun and Deno, against the compiled server and against servers that do what a good one does
// not.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sizeOf } from "../../scripts/src/build/client.ts";
import { untilTrue } from "../support/condition.ts";
import { withFolder } from "../support/folder.ts";
import { deadEndpoint, QUEUED, ScriptedServer, withScriptedServer } from "../support/scripted_server.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";
import { nodeModuleText } from "./built_module.ts";
import { programOutput, RUNTIME_NAMES, withProgram } from "./run_program.ts";

const endpointOf = (server: TestServer) => ({ SIMPLELOGS_API_ENDPOINT: `${server.url}/api/v1` });
const numbered = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);
const messagesOf = async (server: TestServer) => (await server.export()).map((record) => record.message ?? "");

describe("the Node module", () => {
  test("has at most 6 KB, compressed as the others are", async () => {
    expect(sizeOf("node.mjs", await nodeModuleText()).brotli).toBeLessThanOrEqual(6 * 1024);
  });
});

for (const runtime of RUNTIME_NAMES) {
  describe(`on ${runtime}`, () => {
    test("a program with nothing but environment variables is stored when it ends by itself", () =>
      withServer(configText(), async (server) => {
        await programOutput(
          runtime,
          `
import { serverLogger, clientLogger, SimpleLogs } from "./node.mjs";
serverLogger.log({ touchpoint: "jobs/nightly", key: "k1", level: "warn", message: "Almost", metadata: { left: 3 } });
serverLogger.start({ touchpoint: "db/query" });
serverLogger.end({ touchpoint: "db/query", metadata: { rows: 2 } });
clientLogger.log("rendered");
SimpleLogs.log(new Error("broken", { cause: new TypeError("why") }));
console.log(await serverLogger.time("jobs/add", async () => 3));
`,
          endpointOf(server),
        );
        const records = await server.export();
        expect(records.map(({ touchpoint, message, kind }) => [touchpoint, message, kind])).toEqual([
          ["jobs/nightly", "Almost", "log"],
          ["db/query", undefined, "timing"],
          [undefined, "rendered", "log"],
          [undefined, "broken", "log"],
          ["jobs/add", undefined, "timing"],
        ]);
        expect(records[0]).toMatchObject({ key: "k1", level: "warn", keyType: "server", metadata: { left: 3 } });
        expect(records[2]).toMatchObject({ source: "client", keyType: "server" });
        expect(records[3]).toMatchObject({ level: "error", metadata: { error: { cause: { message: "why" } } } });
      }));

    test("kill -9 of the server in the middle of 10,000 entries: all are stored once", () =>
      withServer(configText(), async (server) => {
        const { port } = new URL(server.url);
        await withProgram(
          runtime,
          {
            text: `
import { configureSDK, serverLogger, flushServer } from "./node.mjs";
configureSDK({ maxQueueSize: 20_000, maxQueueBytes: 64 * 1024 * 1024 });
for (let n = 0; n < 10_000; n++) {
  serverLogger.log({ message: "n" + n });
  if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 4));
}
while (!(await flushServer())) await new Promise((resolve) => setTimeout(resolve, 100));
console.log("done");
`,
          },
          endpointOf(server),
          async (program) => {
            for (;;) {
              if (((await server.metrics()).get("simplelogs_entries_received_total") ?? 0) > 2000) break;
              await new Promise((resolve) => setTimeout(resolve, 10));
            }
            await server.kill();
            await server.start("--port", port);
            await program.printed(/done/);
            expect(await program.ended()).toBe(0);
          },
        );
        expect((await messagesOf(server)).sort()).toEqual(numbered(10_000).sort());
      }));

    test("a sendTimeout of zero or infinity still sends", () =>
      withScriptedServer(
        () => QUEUED,
        async (server) => {
          for (const SIMPLELOGS_SEND_TIMEOUT of ["0", "Infinity", "3000000000"]) {
            const program = `
import { serverLogger, flushServer } from "./node.mjs";
serverLogger.log("first");
console.log(await flushServer());
`;
            const variables = { SIMPLELOGS_API_ENDPOINT: server.endpoint, SIMPLELOGS_SEND_TIMEOUT };
            expect(await programOutput(runtime, program, variables)).toBe("true");
          }
        },
      ));

    test("a server that hangs: the same batch is sent again with the same key", () =>
      withScriptedServer(
        (_, index) => (index < 2 ? "hang" : QUEUED),
        async (server) => {
          await programOutput(
            runtime,
            `
import { serverLogger, flushServer } from "./node.mjs";
serverLogger.log("first");
console.log(await flushServer(), await flushServer(), await flushServer());
`,
            { SIMPLELOGS_API_ENDPOINT: server.endpoint, SIMPLELOGS_SEND_TIMEOUT: "1500" },
          ).then((output) => expect(output).toBe("false false true"));
          const [first, ...others] = server.sent.map(({ path, text }) => ({ path, text }));
          expect(others).toEqual([first, first] as typeof others);
        },
      ));

    test("100,000 log() calls against a server that is not there stay within the bounds, and end with the process", async () => {
      const endpoint = deadEndpoint();
      await withFolder(async (folder) => {
        const marker = join(folder, "back");
        await withProgram(
          runtime,
          {
            text: `
import { existsSync } from "node:fs";
import { configureSDK, serverLogger, flushServer } from "./node.mjs";
const reasons = new Set();
configureSDK({ onError: (problem) => reasons.add(problem.reason) });
for (let n = 0; n < 100_000; n++) {
  serverLogger.log({ message: "entry number " + n + " of a program that logs a lot", metadata: { n } });
  if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
}
console.log("logged");
while (!existsSync(process.env.MARKER)) await new Promise((resolve) => setTimeout(resolve, 10));
while (!(await flushServer())) await new Promise((resolve) => setTimeout(resolve, 100));
console.log("reasons", [...reasons].join());
`,
          },
          { SIMPLELOGS_API_ENDPOINT: endpoint, MARKER: marker },
          async (program) => {
            await program.printed(/logged/);
            const server = new ScriptedServer(() => QUEUED, Number(new URL(endpoint).port));
            try {
              await Bun.write(marker, "");
              await program.printed(/reasons/);
              expect(program.stdout).toContain("reasons unreachable");
              const entries = server.sent.flatMap((sent) => sent.entries);
              const told = entries.filter((entry) => entry.touchpoint === "simplelogs/dropped");
              const dropped = told.reduce((sum, entry) => sum + Number(entry.metadata?.["count"]), 0);
              expect(entries.length - told.length).toBeLessThanOrEqual(1000);
              expect(dropped + entries.length - told.length).toBe(100_000);
              expect(server.messages().at(-1)).toBe("entry number 99999 of a program that logs a lot");
            } finally {
              await server.stop();
            }
          },
        );
      });
    });

    test("a process whose server is gone or hangs still ends, without output", async () => {
      const text = 'import { serverLogger } from "./node.mjs";\nserverLogger.log("x");\n';
      await programOutput(runtime, text, { SIMPLELOGS_API_ENDPOINT: deadEndpoint() });
      await programOutput(runtime, text, {});
      await withScriptedServer(
        () => "hang",
        (server) =>
          programOutput(runtime, text, { SIMPLELOGS_API_ENDPOINT: server.endpoint, SIMPLELOGS_SEND_TIMEOUT: "300" }),
      );
    });

    test("flushOnSignal sends queued entries, and the process ends by the signal; without it no signal is caught", () =>
      withScriptedServer(
        () => QUEUED,
        async (server) => {
          const variables = { SIMPLELOGS_API_ENDPOINT: server.endpoint, SIMPLELOGS_BATCH_INTERVAL: "60000" };
          const text = (options: string) => `
import { configureSDK, flushServer, serverLogger } from "./node.mjs";
configureSDK(${options});
serverLogger.log("first words");
await flushServer();
serverLogger.log("last words");
setInterval(() => {}, 1000);
console.log("ready");
`;
          for (const options of ["{ flushOnSignal: true }", "{}"]) {
            await withProgram(runtime, { text: text(options) }, variables, async (program) => {
              await program.printed(/ready/);
              program.signal("SIGTERM");
              expect(await program.ended()).toBeNull();
            });
          }
          expect(server.messages()).toEqual(["first words", "last words", "first words"]);
        },
      ));

    test("a signal that the application handles itself stays its own", () =>
      withScriptedServer(
        () => QUEUED,
        async (server) => {
          const text = `
import { configureSDK, flushServer, serverLogger } from "./node.mjs";
configureSDK({ flushOnSignal: true });
process.on("SIGTERM", async () => {
  serverLogger.log("closing");
  await flushServer();
  process.exit(7);
});
setInterval(() => {}, 1000);
console.log("ready");
`;
          const variables = { SIMPLELOGS_API_ENDPOINT: server.endpoint };
          await withProgram(runtime, { text }, variables, async (program) => {
            await program.printed(/ready/);
            program.signal("SIGTERM");
            expect(await program.ended()).toBe(7);
          });
          expect(server.messages()).toEqual(["closing"]);
        },
      ));

    test("withTrace: ids go into every entry made inside, also after waiting, and nowhere else", () =>
      withScriptedServer(
        () => QUEUED,
        async (server) => {
          const output = await programOutput(
            runtime,
            `
import { serverLogger, withTrace, currentTraceIds } from "./node.mjs";
const carrier = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x-simplelogs-page-id": "p1", "x-simplelogs-session-id": "s1" };
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
const inner = async (name) => { await pause(); serverLogger.log(name); await pause(); return currentTraceIds(); };
const [one, two] = await Promise.all([
  withTrace(() => inner("one"), { carrier }),
  withTrace(() => inner("two"), { carrier: new Headers(carrier) }),
  withTrace(() => inner("three")),
]);
const passedOn = { traceparent: \`00-\${one.traceId}-\${one.spanId}-01\` };
const known = withTrace(() => currentTraceIds(), { carrier: passedOn });
serverLogger.log("outside");
console.log(JSON.stringify([currentTraceIds() ?? null, one.traceId === two.traceId, one.spanId === two.spanId, known.parentSpanId === one.spanId]));
`,
            { SIMPLELOGS_API_ENDPOINT: server.endpoint },
          );
          expect(JSON.parse(output)).toEqual([null, true, false, true]);
          const of = (name: string) =>
            server.sent.flatMap(({ entries }) => entries).find(({ message }) => message === name)?.metadata ?? {};
          const ids = {
            traceId: "0af7651916cd43dd8448eb211c80319c",
            parentSpanId: "b7ad6b7169203331",
            pageId: "p1",
            sessionId: "s1",
          };
          expect(of("one")).toMatchObject(ids);
          expect(of("two")).toMatchObject(ids);
          expect(of("three")["traceId"]).toMatch(/^[0-9a-f]{32}$/);
          expect(of("three")["traceId"]).not.toBe(ids.traceId);
          expect(of("outside")).toEqual({});
        },
      ));

    test("each variable of the environment is followed, and wins over the program", () =>
      withScriptedServer(
        () => QUEUED,
        async (server) => {
          await programOutput(
            runtime,
            `
import { configureSDK, serverLogger, flushServer } from "./node.mjs";
configureSDK({ serverKey: "sk_of_the_program_0123", apiEndpoint: "http://127.0.0.1:1/api/v1", maxBatchSize: 100 });
for (let n = 0; n < 5; n++) serverLogger.log("n" + n);
serverLogger.start("a/b");
await flushServer();
`,
            {
              SIMPLELOGS_API_ENDPOINT: `${server.endpoint}/`,
              SIMPLELOGS_MAX_BATCH_SIZE: "2",
              SIMPLELOGS_STANDALONE_STARTS: "true",
              SIMPLELOGS_BATCH_INTERVAL: "nonsense",
              SIMPLELOGS_FIRE_AND_FORGET: "true",
            },
          );
          expect(server.sent.map(({ entries }) => entries.length)).toEqual([2, 2, 2]);
          expect(server.sent[0]?.text).toContain('"sk_0123456789abcdefghij"');
          expect(server.sent.flatMap(({ entries }) => entries).at(-1)).toMatchObject({ standalone: true });
        },
      ));

    test("a serverless platform is detected: what is logged is sent at once, and waitUntil is handed it", () =>
      withScriptedServer(
        () => QUEUED,
        async (server) => {
          for (const variables of [
            { AWS_LAMBDA_FUNCTION_NAME: "f" },
            { VERCEL: "1" },
            { SIMPLELOGS_SERVERLESS: "true" },
          ] as Record<string, string>[]) {
            const text = `
import { configureSDK, serverLogger } from "./node.mjs";
const waited = [];
configureSDK({ waitUntil: (sending) => waited.push(sending), batchInterval: 60_000 });
serverLogger.log("at once");
await new Promise((resolve) => setTimeout(resolve, 50));
console.log("handed", waited.length);
setInterval(() => {}, 1000);
`;
            const before = server.sent.length;
            const all = { SIMPLELOGS_API_ENDPOINT: server.endpoint, ...variables };
            await withProgram(runtime, { text }, all, async (program) => {
              expect(await program.printed(/handed (\d)/)).toBe("1");
              await untilTrue("it is sent", () => server.sent.length > before);
            });
          }
        },
      ));
  });
}
