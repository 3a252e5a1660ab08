// Clients of Elasticsearch's bulk API against the executable: pino-elasticsearch, winston-elasticsearch, the official
// client of the next major version, and rsyslog's omelasticsearch.

import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";
import { startRsyslog } from "../support/rsyslog.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { type Fate, type Passed, withGateway } from "./gateway.ts";
import { runModule, type SentRecord, storedRecords } from "./programs.ts";

const PINO = `
import pino from "pino";
import pinoElastic from "pino-elasticsearch";
const stream = pinoElastic({
  index: "shop-%{DATE}", node: process.env.NODE_ADDRESS, esVersion: 8, flushBytes: 1_000_000, flushInterval: 100,
  auth: { apiKey: process.env.KEY },
});
const done = new Promise((resolve, reject) => { stream.on("insert", resolve); stream.on("error", reject); });
stream.on("insertError", (error) => { throw error; });
const logger = pino({ level: "trace" }, stream);
logger.debug({ orderId: "ord_1" }, "debug line");
logger.info({ requestId: "r-1", total: 12.5, user: { name: "Zoë" } }, "Order placed");
logger.error(new Error("card declined"), "payment failed");
stream.end();
await done;
`;

const WINSTON = `
import winston from "winston";
import { ElasticsearchTransport } from "winston-elasticsearch";
const transport = new ElasticsearchTransport({
  level: "silly", indexPrefix: "shop", flushInterval: 100, retryLimit: 3,
  clientOpts: { node: process.env.NODE_ADDRESS, auth: { username: "x", password: process.env.KEY }, maxRetries: Number(process.env.RETRIES) },
});
transport.on("warning", () => {});
const { bulkWriter } = transport;
const write = bulkWriter.write.bind(bulkWriter);
let writing = 0;
bulkWriter.write = (body) => { writing++; return write(body).finally(() => writing--); };
const logger = winston.createLogger({ level: "silly", transports: [transport] });
logger.info("Order placed", { orderId: "ord_2", total: 12.5 });
logger.error("payment failed", { err: "card declined" });
await transport.flush();
// What is being sent is not in the list any more.
while (bulkWriter.bulk.length > 0 || writing > 0) await new Promise((resolve) => setTimeout(resolve, 50));
process.exit(0);
`;

const OFFICIAL = `
import { Client } from "@elastic/elasticsearch";
const client = new Client({ node: process.env.NODE_ADDRESS, auth: { apiKey: process.env.KEY } });
const { version } = await client.info();
const { errors, items } = await client.bulk({ operations: [
  { create: { _index: "orders" } }, { "@timestamp": "2026-11-29T18:16:23.538123Z", message: "first", "log.level": "warn", trace: { id: "t-1" } },
  { delete: { _index: "orders", _id: "1" } },
  { index: { _index: "orders" } }, { message: "from 1999", "@timestamp": "1999-01-01T00:00:00Z" },
  { create: { _index: "orders" } }, { message: "last", service: { name: "shop", version: "1.2" } },
] });
const refused = [];
const stats = await client.helpers.bulk({
  datasource: [{ message: "helped" }, {}], onDocument: () => ({ create: { _index: "orders" } }),
  onDrop: ({ document, status, error }) => refused.push({ document, status, type: error.type }),
});
console.log(JSON.stringify({ version: version.number, errors, items, refused, successful: stats.successful, failed: stats.failed }));
`;

const SHARED = {
  project: "default",
  apiKey: "test",
  kind: "log",
  source: "server",
  keyType: "server",
  time: expect.any(Number) as number,
} as const;

function send(
  server: TestServer,
  program: string,
  variables: Readonly<Record<string, string>> = {},
  fates: readonly Fate[] = [],
) {
  return withGateway(
    () => server.url,
    (index) => fates[index] ?? "pass",
    async ({ url, requests }) => {
      const address = `${url}/elasticsearch`;
      const { exitCode, stdout, stderr } = await runModule(program, {
        NODE_ADDRESS: address,
        KEY: SERVER_KEY,
        ...variables,
      });
      expect([exitCode, stderr]).toEqual([0, ""]);
      return {
        stdout,
        requests: requests.map(({ method, path, status }) => `${method} ${path.replace(/\?.*/, "")} ${status}`),
      };
    },
  );
}

async function recordsOf(server: TestServer, count: number): Promise<SentRecord[]> {
  const records = await storedRecords(server, count);
  return records.toSorted((one, other) => (one.message ?? "").localeCompare(other.message ?? ""));
}

describe("pino-elasticsearch", () => {
  test("stores its lines under the index without its date", async () => {
    await withServer(configText(), async (server) => {
      const since = Date.now();
      const { requests } = await send(server, PINO);
      expect([...new Set(requests)]).toEqual([
        "POST /elasticsearch/_bulk 200",
        expect.stringMatching(/^GET \/elasticsearch\/shop-[\d-]+\/_refresh 200$/),
      ]);
      const shared = { ...SHARED, touchpoint: "shop" };
      const metadata = { hostname: hostname(), pid: expect.any(Number) as number };
      const records = await recordsOf(server, 3);
      expect(records).toEqual([
        { ...shared, level: "debug", message: "debug line", metadata: { ...metadata, orderId: "ord_1" } },
        {
          ...shared,
          level: "info",
          message: "Order placed",
          key: "r-1",
          metadata: { ...metadata, total: 12.5, user: { name: "Zoë" } },
        },
        {
          ...shared,
          level: "error",
          message: "payment failed",
          metadata: {
            ...metadata,
            err: {
              type: "Error",
              message: "card declined",
              stack: expect.stringMatching(/^Error: card declined\n/) as string,
            },
          },
        },
      ]);
      expect(records.filter(({ time }) => time < since || time > Date.now())).toEqual([]);
    });
  });
});

describe("winston-elasticsearch", () => {
  const shared = { ...SHARED, touchpoint: "shop" };
  const expected = [
    { ...shared, level: "info", message: "Order placed", metadata: { fields: { orderId: "ord_2", total: 12.5 } } },
    { ...shared, level: "error", message: "payment failed", metadata: { fields: { err: "card declined" } } },
  ] as const;
  const BULK = "POST /elasticsearch/_bulk";

  test("asks for the health and its template, and stores its entries", async () => {
    await withServer(configText(), async (server) => {
      const { requests } = await send(server, WINSTON, { RETRIES: "0" });
      expect([...new Set(requests)].toSorted((one, other) => one.localeCompare(other))).toEqual([
        "GET /elasticsearch/_cluster/health 200",
        "HEAD /elasticsearch/_index_template/template_shop 200",
        `${BULK} 200`,
      ]);
      expect(await recordsOf(server, 2)).toEqual([...expected]);
    });
  });

  test("stores once what was answered 503 before", async () => {
    await withServer(configText(), async (server) => {
      const busy = { status: 503, headers: { "retry-after": "1", "x-elastic-product": "Elasticsearch" } };
      let posts = 0;
      const fates = (_index: number, { method }: Passed): Fate => (method === "POST" && posts++ === 0 ? busy : "pass");
      await withGateway(
        () => server.url,
        fates,
        async ({ url, requests }) => {
          const variables = { NODE_ADDRESS: `${url}/elasticsearch`, KEY: SERVER_KEY, RETRIES: "3" };
          const { exitCode, stderr } = await runModule(WINSTON, variables);
          expect([exitCode, stderr]).toEqual([0, ""]);
          expect(
            requests
              .filter(({ status }) => status === 503)
              .map(({ method, path }) => [method, path.replace(/\?.*/, "")]),
          ).toEqual([["POST", "/elasticsearch/_bulk"]]);
        },
      );
      expect(await recordsOf(server, 2)).toEqual([...expected]);
    });
  });
});

describe("the official client, version 9", () => {
  test("learns of each action whether it is stored", async () => {
    await withServer(configText(), async (server) => {
      const { stdout } = await send(server, OFFICIAL);
      const stored = { result: "created", status: 201 };
      const error = (reason: string) => ({ status: 400, error: { type: "document_parsing_exception", reason } });
      expect(JSON.parse(stdout)).toEqual({
        version: "8.19.0",
        errors: true,
        items: [
          { create: stored },
          { delete: error("Deleting is not supported: records do not change") },
          { index: error("It is older than the project's retention") },
          { create: stored },
        ],
        refused: [{ document: {}, status: 400, type: "document_parsing_exception" }],
        successful: 1,
        failed: 1,
      });
      expect(await recordsOf(server, 3)).toEqual([
        {
          ...SHARED,
          touchpoint: "orders",
          level: "warn",
          key: "t-1",
          message: "first",
          time: Number("1795976183538.123"),
        },
        { ...SHARED, touchpoint: "orders", level: "info", message: "helped" },
        { ...SHARED, touchpoint: "shop", level: "info", message: "last", metadata: { service: { version: "1.2" } } },
      ]);
    });
  });
});

describe("rsyslog's omelasticsearch", () => {
  test("stores messages of its template", async () => {
    await withServer(configText(), async (server) => {
      const since = Date.now();
      const action = `module(load="omelasticsearch")
template(name="document" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="service" name="programname" format="jsonf")
  property(outname="message" name="msg" format="jsonf" position.from="2")
}
action(type="omelasticsearch" server="${server.url}/elasticsearch" template="document" searchIndex="syslog"
  searchType="" bulkmode="on" uid="x" pwd="${SERVER_KEY}" skipverifyhost="on" queue.type="linkedList")`;
      const rsyslog = await startRsyslog(server.folder, action);
      try {
        await rsyslog.log("--tag", "shop", "--priority", "user.err", "payment failed");
        await rsyslog.log("--tag", "cron", "--priority", "cron.info", "Order placed ünïcode");
        const records = await recordsOf(server, 2);
        const metadata = { host: hostname() };
        expect(records).toEqual([
          { ...SHARED, touchpoint: "cron", level: "info", message: "Order placed ünïcode", metadata },
          { ...SHARED, touchpoint: "shop", level: "error", message: "payment failed", metadata },
        ]);
        expect(records.filter(({ time }) => time < since || time > Date.now())).toEqual([]);
      } finally {
        await rsyslog.stop();
      }
    });
  });
});
