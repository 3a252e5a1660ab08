// The configuration lines of docs/sending_from_other_tools.md, as they stand there but for address and key, each run by
// the sender that it is for.

import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/run.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { runModule, type SentRecord, storedRecords } from "./programs.ts";

const PAGE = readFileSync(join(import.meta.dir, "../../docs/sending_from_other_tools.md"), "utf8");
const ADDRESS = /https?:\/\/logs\.example\.com(?::7070)?/g;
const KEY = /sk_(?:…|your_server_key)/g;

/** Lines of the page with this server's address and key. */
function asWritten(text: string, server: TestServer): string {
  return text
    .replaceAll(ADDRESS, server.url)
    .replaceAll(/(http:\/\/)sk_…@logs\.example\.com:7070/g, `$1${SERVER_KEY}@${new URL(server.url).host}`)
    .replaceAll(KEY, SERVER_KEY);
}

/** The expression after a comment in a block of JavaScript, up to the next comment or the block's end. */
function after(comment: string): string {
  const from = PAGE.indexOf(`// ${comment}`);
  if (from === -1) throw new Error(`the page has no "// ${comment}"`);
  const [, ...lines] = PAGE.slice(from).split("\n");
  const end = lines.findIndex((line) => line.startsWith("//") || line.startsWith("```"));
  return lines.slice(0, end).join("\n").replace(/;\s*$/, "");
}

/** The first text of the page that a pattern finds. */
function found(pattern: RegExp): string {
  const [text] = PAGE.match(pattern) ?? [];
  if (text === undefined) throw new Error(`the page has nothing like ${pattern}`);
  return text;
}

/** The environment that the page's first block of a shell sets. */
function openTelemetryEnvironment(server: TestServer): Record<string, string> {
  const lines = asWritten(found(/OTEL_EXPORTER_OTLP_ENDPOINT[^`]*/), server)
    .trim()
    .split("\n");
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/).map((part) => part.replaceAll('"', ""))));
}

/** Runs a module, and gives what was stored of it. */
async function storedOf(
  program: (server: TestServer) => string,
  environment: (server: TestServer) => Record<string, string> = () => ({}),
): Promise<SentRecord[]> {
  return await withServer(configText(), async (server) => {
    const { exitCode, stdout, stderr } = await runModule(program(server), environment(server));
    if (exitCode !== 0) throw new Error(`the program ended with ${exitCode}: ${stdout}${stderr}`);
    return await storedRecords(server, 1);
  });
}

const PINO = (transport: string) => `
import pino from "pino";
import pinoElastic from "pino-elasticsearch";
const transport = ${transport};
const logger = pino(transport);
logger.info("from the page");
`;
const WINSTON = (transport: string) => `
import winston from "winston";
import LokiTransport from "winston-loki";
import { ElasticsearchTransport } from "winston-elasticsearch";
const transport = ${transport};
winston.createLogger({ transports: [transport] }).info("from the page");
`;
const FLUSHED = "await new Promise((resolve) => logger.flush(resolve));";

const PROGRAMS: readonly (readonly [name: string, program: (server: TestServer) => string])[] = [
  ["pino-loki", (server) => PINO(asWritten(after("pino-loki"), server)) + FLUSHED],
  [
    "winston-loki",
    (server) =>
      `${WINSTON(asWritten(after("winston-loki, with json"), server))}await transport.batcher.sendBatchToLoki(); process.exit(0);`,
  ],
  [
    "pino-elasticsearch",
    (server) =>
      `${PINO(asWritten(after("pino-elasticsearch"), server))}await new Promise((done) => { transport.on("insert", done); transport.end(); });`,
  ],
  [
    "winston-elasticsearch",
    (server) =>
      `${WINSTON(asWritten(after("winston-elasticsearch"), server))}transport.client.diagnostic.on("response", (error, result) => {
  if (error !== null) throw error;
  if (result.meta.request.params.path.endsWith("_bulk")) process.exit(0);
});`,
  ],
  [
    "the official client of Elasticsearch",
    (server) => `import { Client } from "@elastic/elasticsearch";
const client = ${asWritten(after("the official client, version 8 or 9"), server)};
await client.bulk({ operations: [{ create: { _index: "shop" } }, { message: "from the page" }] });`,
  ],
  [
    "OpenTelemetry's exporter for JavaScript",
    (server) => `import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
const exporter = ${asWritten(found(/new OTLPLogExporter\(\{[^`]*\}\)/), server)};
const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
provider.getLogger("shop").emit({ body: "from the page" });
await provider.shutdown();`,
  ],
  [
    "Sentry's SDK for Node",
    (server) => `import * as Sentry from "@sentry/node";
${asWritten(found(/Sentry\.init\(\{ dsn: "http:\/\/sk_[^\n]*\}\)/), server)};
Sentry.captureMessage("from the page");
await Sentry.flush(20_000);`,
  ],
];

describe("the page's configuration stores what is sent", () => {
  test.each(PROGRAMS)("by %s", async (_, program) => {
    // winston-loki adds the level to the text.
    const stored = await storedOf(program);
    expect(stored.map(({ message = "" }) => message.replace(' {"level":"info"}', ""))).toEqual(["from the page"]);
  });

  test("by pino's transport for OpenTelemetry, with its environment", async () => {
    const line = found(/pino\.transport\(\{ target: "pino-opentelemetry-transport" \}\)/);
    const stored = await storedOf(() => PINO(line) + FLUSHED, openTelemetryEnvironment);
    expect(stored.map(({ message }) => message)).toEqual(["from the page"]);
  });

  test("by curl, of a program's output and of a file", async () => {
    await withServer(configText(), async (server) => {
      writeFileSync(join(server.folder, "server.js"), `console.log('{"msg":"from a program"}')`);
      writeFileSync(join(server.folder, "nightly.log"), "from a file\n");
      const lines = found(/node server\.js \| curl[^`]*/);
      const shell = await run("bash", ["-e", "-c", asWritten(lines, server)], { cwd: server.folder });
      expect(shell.exitCode).toBe(0);
      const stored = await storedRecords(server, 2);
      expect(stored.map(({ message, touchpoint }) => [message, touchpoint])).toEqual([
        ["from a program", undefined],
        ["from a file", "jobs/nightly"],
      ]);
    });
  });
});
