// Everything that reads over HTTP, and the commands that ask a server, of a server with ClickHouse against one with the
// data file alone: random records, random requests, right and wrong ones. The same answers, statuses and errors.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { BREAKDOWN_NAMES_HELD_MAX } from "../../src/core/limits.ts";
import type { BreakdownResponse } from "../../src/core/responses.ts";
import { aligned } from "../support/aligned_sums.ts";
import { untilTrue } from "../support/condition.ts";
import { firstDifference } from "../support/first_difference.ts";
import { pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { TailClient } from "../support/read_api.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { ADMIN_TOKEN, type TestServer } from "../support/server.ts";
import { hostileSearch } from "./hostile_records.ts";
import { PROJECTS } from "./http_entries.ts";
import { commandOf, REQUEST_KINDS, type ReadRequest, type RequestContext, requestOf } from "./http_requests.ts";
import { ClickHouseServer } from "./server.ts";
import { READER_TOKEN, type TwoServers, withTwoServers } from "./two_servers.ts";

/** Pairs of servers, requests of each kind to each pair, and records of each. */
const ROUNDS = Number(process.env["ROUNDS"] ?? 1);
const REQUESTS = Number(process.env["REQUESTS"] ?? 3);
const RECORDS = Number(process.env["RECORDS"] ?? 200);
/** How often two answers may differ before they do: relative times move on, and a loaded machine stops queries early. */
const ATTEMPTS = 4;
const HOUR = 3_600_000;

let engine: ClickHouseServer;

beforeAll(async () => {
  engine = await ClickHouseServer.start();
}, 120_000);
afterAll(() => engine.stop());

interface Answer {
  readonly status: number;
  readonly headers: readonly (string | null)[];
  readonly text: string;
}

async function answerOf(server: TestServer, request: ReadRequest, idsOf: (text: string) => string): Promise<Answer> {
  const query = new URLSearchParams(
    request.parameters.map(([name, text]): [string, string] => {
      return [name, name === "cursor" && !text.includes(":") ? cursorOf(text, idsOf) : idsOf(text)];
    }),
  );
  const body = request.body === undefined ? undefined : idsOf(JSON.stringify(request.body));
  const response = await fetch(`${server.url}/api/v1/${request.path}?${query.toString()}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      authorization: `Bearer ${request.isReader ? READER_TOKEN : ADMIN_TOKEN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const headers = ["content-type", "content-disposition"].map((name) => response.headers.get(name));
  return { status: response.status, headers, text: await response.text() };
}

/** What is not the same of two servers with the same records: sizes of their files, and what a restart moves. */
const OWN_MEMBERS = new Set(["timeoutAt", "storage", "bytes"]);
/** Where a retention or a range before now begins: each server is asked a little later than the other. */
const NOW_MEMBERS = new Set(["keptFrom", "from", "to"]);
const isOfNow = (name: string, value: unknown): value is number => NOW_MEMBERS.has(name) && typeof value === "number";

/** The lines of a table or an export. Within a record the order of metadata is that of a block's columns. */
function linesOf(text: string, isJson: boolean): unknown[] {
  const parsed = (json: string): unknown => JSON.parse(json || "{}");
  return text.split("\n").map((line) => {
    if (isJson) return parsed(line);
    const at = line.lastIndexOf(',"{');
    try {
      return at < 0
        ? line
        : [line.slice(0, at), parsed(line.slice(at + 2, line.lastIndexOf('"')).replaceAll('""', '"'))];
    } catch {
      return line;
    }
  });
}

const roundedTime = <T extends { readonly time: number }>(one: T) => ({ ...one, time: Math.round(one.time / HOUR) });

/** A message without places in a search, where ids have other lengths, and without the very millisecond. */
function messageOf(text: string): string {
  const rounded = text.replaceAll(/\b\d{13}\b/g, (ms) => `${Math.round(Number(ms) / HOUR)}`);
  return rounded.replace(/at character \d+/, "at a character").replace(/gives \d+ buckets/, "gives buckets");
}

/** A cursor with the id as `idsOf` writes it. */
function cursorOf(cursor: string, idsOf: (text: string) => string): string {
  const parts = Buffer.from(cursor, "base64url").toString().split(".");
  const id = parts.pop() ?? "";
  return Buffer.from([...parts, idsOf(id)].join(".")).toString("base64url");
}

function comparable(
  request: ReadRequest,
  { status, headers, text }: Answer,
  { asAlone }: TwoServers,
  areFieldsHeld: boolean,
): object {
  const type = headers[0] ?? "";
  if (!type.startsWith("application/json")) {
    return { status, headers, answer: linesOf(asAlone(text), type.startsWith("application/x-ndjson")) };
  }
  const given = JSON.stringify(request);
  const hasIds = asAlone(given) !== given;
  const answer = JSON.parse(asAlone(text), (name, value: unknown) => {
    if (name === "nextCursor" && typeof value === "string") return cursorOf(value, asAlone);
    if (name === "previousBuckets") return (value as { time: number }[]).map(roundedTime);
    if (isOfNow(name, value)) return Math.round(value / HOUR);
    if (name === "message" && status !== 200) return messageOf(String(value));
    // Ids have other lengths in the search.
    if (hasIds && (name === "at" || name === "length") && status !== 200) return undefined;
    return OWN_MEMBERS.has(name) ? undefined : value;
  }) as object;
  if (status !== 200) return { status, headers, answer };
  if (request.path === "usage") return { status, answer: receivedOf(answer) };
  if (areFieldsHeld) return { status, headers, answer };
  const { fields: _fields, more: _more, ...records } = answer as BreakdownResponse;
  return { status, headers, answer: records };
}

/** The usage without months of which a data file has records, and nothing was received in them. */
function receivedOf(answer: object): object[] {
  const { usage } = answer as { usage: { received: number; bytes?: number }[] };
  return usage.filter(({ received }) => received > 0).map(({ bytes: _bytes, ...rest }) => rest);
}

function holdsFields(request: ReadRequest, { status, text }: Answer): boolean {
  if (request.path !== "breakdown" || status !== 200) return true;
  const { fields, more } = JSON.parse(text) as BreakdownResponse;
  return fields.length + more <= BREAKDOWN_NAMES_HELD_MAX;
}

/** What differed: collected, so that one run shows every kind of it. */
const differences: object[] = [];

function note(difference: object): void {
  differences.push(difference);
  if (differences.length < 20) console.log(JSON.stringify(difference).slice(0, 1_500));
}

const counted = { asked: 0, again: 0, commands: 0, tails: 0, statuses: {} as Record<string, number> };

const isUnfinished = ({ status, text }: Answer) => status === 503 || text.includes('"stoppedEarly"');

/** Asks both until they answer the same; gives the node's answer. */
async function compare(servers: TwoServers, request: ReadRequest): Promise<Answer> {
  const { alone, node, asAlone } = servers;
  for (let attempt = 1; ; attempt++) {
    const [expected, found] = await Promise.all([
      answerOf(alone, request, asAlone),
      answerOf(node, request, (text) => text),
    ]);
    const areFieldsHeld = holdsFields(request, found) && holdsFields(request, expected);
    const [shown, other] = [found, expected].map((answer) => comparable(request, answer, servers, areFieldsHeld));
    const diff = firstDifference(aligned(shown, other), other);
    if (diff !== undefined && attempt < ATTEMPTS) {
      counted.again++;
      // A loaded machine ends queries early.
      if (isUnfinished(found) || isUnfinished(expected)) attempt--;
      continue;
    }
    if (diff !== undefined) note({ request, diff });
    counted.asked++;
    const status = `${request.path.split("/")[0]} ${found.status}`;
    counted.statuses[status] = (counted.statuses[status] ?? 0) + 1;
    return found;
  }
}

/** Pages until the end, both ways. */
async function comparePages(servers: TwoServers, context: RequestContext): Promise<void> {
  const { random } = context;
  const q = random() < 0.3 ? "" : hostileSearch(random, context.records);
  const limit = pick(random, ["7", "50", "200"]);
  for (const order of ["desc", "asc"]) {
    let cursor: string | null = null;
    do {
      const more: [string, string][] = cursor === null ? [] : [["cursor", cursor]];
      const parameters = [["q", q], ["limit", limit], ["order", order], ...more] as const;
      const { status, text } = await compare(servers, { path: "entries", parameters, isReader: false });
      cursor = status === 200 ? (JSON.parse(text) as { nextCursor: string | null }).nextCursor : null;
    } while (cursor !== null);
  }
}

/** A tail that goes on from a record: all that both have after it. */
async function compareTails({ alone, node, asAlone }: TwoServers, context: RequestContext): Promise<void> {
  const { random, records } = context;
  const q = pick(random, ["", "level:error", hostileSearch(random, records, 1)]);
  // Of none whose records expire meanwhile.
  const project = pick(random, ["default", "shop", "Shop"]);
  const after = pick(random, records).record.id;
  const scope = { q, project };
  const found = await answerOf(
    node,
    { path: "export", parameters: Object.entries({ ...scope, q: `id:>${after} (${q || "id:*"})` }), isReader: false },
    (text) => text,
  );
  const count = found.status === 200 ? found.text.split("\n").length - 1 : 0;
  const events = async (server: TestServer, idsOf: (text: string) => string) => {
    const query = new URLSearchParams({ ...scope, q: idsOf(q) }).toString();
    const opened = await TailClient.open(server, query, Number(idsOf(String(after)))).catch((error: unknown) =>
      String(error),
    );
    if (typeof opened === "string") return opened;
    try {
      await untilTrue("the tail has all", () => opened.events.length >= count || opened.isOver);
      return opened.events;
    } finally {
      await opened.close();
    }
  };
  const [expected, shown] = await Promise.all([events(alone, asAlone), events(node, (text) => text)]);
  const texts = typeof shown === "string" ? shown : (JSON.parse(asAlone(JSON.stringify(shown))) as object);
  const diff = firstDifference(texts, expected);
  if (diff !== undefined) note({ tail: { ...scope, after }, diff });
  counted.tails++;
}

function shownBy([command, ...options]: readonly string[], exitCode: number | null, stdout: string): unknown {
  if (command === "usage" && exitCode === 0) return receivedOf(JSON.parse(stdout) as object);
  if (command === "export") return linesOf(stdout, stdout.startsWith("{"));
  if (options.includes("--json")) {
    const parsed = (line: string): unknown => {
      return JSON.parse(
        line || "{}",
        (name, value) => (isOfNow(name, value) ? Math.round(value / HOUR) : value) as unknown,
      );
    };
    return stdout.split("\n").map(parsed);
  }
  // Words of a line in any order: metadata has none. What is compared with may begin before now.
  const lines = stdout.split("\n").map((line) => line.split(" ").sort());
  return command === "timings"
    ? lines.map((words) => words.filter((word) => !/^\d\d:\d\d:\d\d\.\d{3}[;,]?$/.test(word)))
    : lines;
}

async function compareCommand({ alone, node, asAlone }: TwoServers, line: readonly string[]): Promise<void> {
  const answer = async (server: TestServer, idsOf: (text: string) => string) => {
    const environment = { ...process.env, SIMPLELOGS_TOKEN: ADMIN_TOKEN, SIMPLELOGS_URL: server.url } as Record<
      string,
      string
    >;
    const { exitCode, stdout, stderr } = await run(EXECUTABLE, line.map(idsOf), { environment, cwd: server.folder });
    return {
      exitCode,
      stdout: shownBy(line, exitCode, asAlone(stdout)),
      // Below a search that is wrong stands a part of it, where ids have other lengths.
      stderr: messageOf(asAlone(stderr.slice(0, stderr.indexOf("\n"))).replaceAll(server.url, "URL")),
    };
  };
  for (let attempt = 1; ; attempt++) {
    const [expected, found] = await Promise.all([answer(alone, asAlone), answer(node, (text) => text)]);
    if (!Bun.deepEquals(found, expected) && attempt < ATTEMPTS) {
      counted.again++;
      continue;
    }
    const diff = firstDifference(aligned(found, expected), expected);
    if (diff !== undefined) note({ line, diff });
    counted.commands++;
    return;
  }
}

async function compareAll(servers: TwoServers, context: RequestContext, share = 1): Promise<void> {
  for (let at = 0; at < REQUESTS * share; at++) {
    for (const kind of REQUEST_KINDS) {
      await compare(servers, requestOf(kind, context));
    }
  }
  await comparePages(servers, context);
  for (let at = 0; at < (REQUESTS * share) / 4; at++) {
    await compareTails(servers, context);
    for (const name of ["query", "export", "timings", "usage"]) {
      await compareCommand(servers, commandOf(name, context));
    }
  }
}

async function compareErasures(servers: TwoServers, context: RequestContext): Promise<void> {
  const { random, records } = context;
  for (const project of PROJECTS) {
    const own = records.filter((one) => one.project === project);
    if (own.length === 0) continue;
    const q = hostileSearch(random, own, 1);
    const erasure = async (server: TestServer, idsOf: (text: string) => string) => {
      const request = { path: "erase", parameters: [], body: { project, q }, isReader: false };
      const { status, text } = await answerOf(server, request, idsOf);
      const { records: here, shipped, ...rest } = JSON.parse(text) as Record<string, number>;
      return { status, here: here ?? 0, shipped: shipped ?? 0, ...(status === 200 ? {} : rest) };
    };
    const { asAlone } = servers;
    const expected = await erasure(servers.alone, asAlone);
    const found = await erasure(servers.node, (text) => text);
    const [one, other] = [found, expected].map(({ status, here, shipped }) => ({
      status,
      all: Math.max(here, shipped),
    }));
    const diff = firstDifference(one, other);
    if (diff !== undefined) note({ erasure: { project, q }, diff });
    const all = { path: "export", parameters: [["project", project]], isReader: false } as const;
    await compare(servers, all);
  }
}

test("a server with ClickHouse answers as one with a data file alone", async () => {
  const seed = runSeed("http");
  const random: Random = seededRandom(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const now = Math.floor(Date.now() / HOUR) * HOUR;
    await withTwoServers(random, engine, { now, count: RECORDS }, async (servers) => {
      const context = { random, now, records: servers.records };
      await compareAll(servers, context);
      await servers.shipTheRest();
      await compareAll(servers, context, 0.34);
      await compareErasures(servers, context);
      await compareAll(servers, context, 0.34);
    });
  }
  console.log(JSON.stringify(counted));
  expect({ seed, differences: differences.slice(0, 3) }).toEqual({ seed, differences: [] });
}, 900_000);
