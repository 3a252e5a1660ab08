// Clients of Loki against the executable: pino-loki, and winston-loki in both of its forms.

import { describe, expect, test } from "bun:test";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { type Fate, withGateway } from "./gateway.ts";
import { runModule, type SentRecord, storedRecords } from "./programs.ts";

const PINO = `
import pino from "pino";
const logger = pino({ level: "trace" }, pino.transport({
  target: "pino-loki",
  options: {
    host: process.env.HOST, basicAuth: { username: "x", password: process.env.KEY },
    labels: { app: "shop", env: "test" }, batching: { interval: 0.1 },
  },
}));
logger.debug({ orderId: "ord_1" }, "debug line");
logger.info({ requestId: "r-1", total: 12.5, user: { name: "Zoë" } }, "Order placed");
logger.error(new Error("card declined"), "payment failed");
await new Promise((resolve) => logger.flush(resolve));
`;

const WINSTON = `
import winston from "winston";
import LokiTransport from "winston-loki";
const transport = new LokiTransport({
  host: process.env.HOST, basicAuth: "x:" + process.env.KEY, labels: { app: "shop" }, json: process.env.JSON_FORM === "1",
  interval: 600, gracefulShutdown: false, useWinstonMetaAsStructuredMetadata: true, onConnectionError: () => {},
});
const logger = winston.createLogger({ level: "silly", transports: [transport] });
logger.info("Order placed", { orderId: "ord_2", total: 12.5 });
logger.warn("slow", { labels: { job: "nightly" } });
logger.error("payment failed", { err: "card declined" });
// What it does after each interval.
const until = Date.now() + 20_000;
do { await transport.batcher.sendBatchToLoki().catch(() => {}); } while (transport.batcher.batch.streams.length > 0 && Date.now() < until);
await transport.batcher.close();
`;

const SHARED = {
  project: "default",
  apiKey: "test",
  kind: "log",
  source: "server",
  keyType: "server",
  time: expect.any(Number) as number,
  touchpoint: "shop",
} as const;

/** Runs a program that sends by way of a proxy. */
async function send(
  server: TestServer,
  program: string,
  variables: Readonly<Record<string, string>>,
  fates: readonly Fate[] = [],
) {
  return await withGateway(
    () => server.url,
    (index) => fates[index] ?? "pass",
    async ({ url, requests }) => {
      const { exitCode, stderr } = await runModule(program, { HOST: url, KEY: SERVER_KEY, ...variables });
      expect([exitCode, stderr]).toEqual([0, ""]);
      return requests.map(({ path, status }) => [path, status]);
    },
  );
}

async function recordsOf(server: TestServer, since: number, count: number): Promise<SentRecord[]> {
  const records = await storedRecords(server, count);
  expect(records.filter(({ time }) => time < since || time > Date.now())).toEqual([]);
  return records.toSorted((one, other) => (one.message ?? "").localeCompare(other.message ?? ""));
}

const PATH = "/loki/api/v1/push";

describe("pino-loki", () => {
  const metadata = { env: "test", hostname: expect.any(String) as string, pid: expect.any(Number) as number };
  const error = {
    type: "Error",
    message: "card declined",
    stack: expect.stringMatching(/^Error: card declined\n/) as string,
  };
  const expected = [
    { ...SHARED, level: "debug", message: "debug line", metadata: { ...metadata, orderId: "ord_1" } },
    {
      ...SHARED,
      level: "info",
      message: "Order placed",
      key: "r-1",
      metadata: { ...metadata, total: 12.5, user: { name: "Zoë" } },
    },
    { ...SHARED, level: "error", message: "payment failed", metadata: { ...metadata, err: error } },
  ] as const;

  test("stores its lines unfolded, with their labels", async () => {
    await withServer(configText(), async (server) => {
      const since = Date.now();
      expect((await send(server, PINO, {})).every(([path, status]) => path === PATH && status === 204)).toBe(true);
      expect(await recordsOf(server, since, 3)).toEqual([...expected]);
    });
  });
});

describe.each([
  ["JSON", "1"],
  ["Protocol Buffers in Snappy", "0"],
])("winston-loki with %s", (_form, json) => {
  const variables = { JSON_FORM: json };
  // Its Protocol Buffers have no structured metadata.
  const structured = (metadata: object) => (json === "1" ? { metadata } : {});
  const expected = [
    {
      ...SHARED,
      level: "info",
      message: 'Order placed {"orderId":"ord_2","total":12.5,"level":"info"}',
      ...structured({ orderId: "ord_2", total: "12.5" }),
    },
    {
      ...SHARED,
      level: "error",
      message: 'payment failed {"err":"card declined","level":"error"}',
      ...structured({ err: "card declined" }),
    },
    { ...SHARED, level: "warn", message: 'slow {"level":"warn"}', metadata: { job: "nightly" } },
  ];

  test.each<[string, readonly Fate[], readonly (number | undefined)[]]>([
    ["stores messages with their structured metadata", [], [204]],
    ["stores once what was answered 503 before", [{ status: 503, headers: { "retry-after": "1" } }], [503, 204]],
    ["stores once what was sent again because the answer was lost", ["lose the answer"], [undefined, 204]],
  ])("%s", async (_name, fates, statuses) => {
    await withServer(configText(), async (server) => {
      const since = Date.now();
      const requests = await send(server, WINSTON, variables, fates);
      expect(requests.map(([, status]) => status)).toEqual([...statuses]);
      expect(await recordsOf(server, since, 3)).toEqual(expected as unknown as SentRecord[]);
    });
  });
});
