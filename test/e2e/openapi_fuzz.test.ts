// Requests made from the served openapi.json against the executable, with data in it: whatever the description allows,
// and whatever it forbids, is answered by a status that it lists, never a 5xx, and every refusal has a message.

import { describe, expect, test } from "bun:test";
import { describedOperations, type MadeRequest, makeRequest, type Operation } from "../fuzz/openapi_requests.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { AUTHORIZATION } from "../support/read_api.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const TEST_MS_MAX = 180_000;
const REQUESTS_AN_OPERATION = 60;
/** A live tail never ends by itself: its status has come by then. */
const STREAMS = ["tailEntries"];
/** What is erased, so that everything else has records to look at. */
const ERASABLE = "erasable";
const ERASABLE_KEY = "sk_erasable0123456789";

const RULE = "never";

const CONFIG = configText({
  tables: `[[keys]]
name = "erasable"
project = "${ERASABLE}"
server = "${ERASABLE_KEY}"

[[alerts]]
name = "${RULE}"
q = "metadata.never:*"
window = "1m"
above = 0
`,
});

async function sendSome(server: TestServer, random: Random): Promise<void> {
  const now = Date.now();
  const entries = Array.from({ length: 300 }, (_, index) => ({
    touchpoint: pick(random, ["api/orders", "db/query", "日本"]),
    message: pick(random, ["a b", "naïve", `order ${index}`]),
    level: pick(random, ["debug", "info", "warn", "error"]),
    metadata: { orderId: index, nested: { list: [index, null, "x"] } },
    ...pick(random, [
      { timestamp: now - index * 1_000 },
      { startTime: now - index * 1_000, duration: index },
      { startTime: now - index, key: `k${index}` },
    ]),
  }));
  await server.send(entries);
  await server.send(entries.slice(0, 20), { key: ERASABLE_KEY });
}

/** The same request, but nothing outside of its own project is erased. */
function withoutHarm(operation: Operation, made: MadeRequest, random: Random): MadeRequest {
  if (operation.id !== "eraseRecords" || made.body === undefined) return made;
  const body = objectIn(made.body);
  if (typeof body?.["project"] !== "string") return made;
  return { ...made, body: JSON.stringify({ ...body, project: pick(random, [ERASABLE, ERASABLE, "unknown"]) }) };
}

/** Ingestion that is let in, every other time. */
function withKey(operation: Operation, made: MadeRequest, random: Random): MadeRequest {
  if (operation.id !== "enqueue" || made.body === undefined || random() < 0.5) return made;
  const body = objectIn(made.body);
  return body === undefined ? made : { ...made, body: JSON.stringify({ ...body, key: SERVER_KEY, source: "server" }) };
}

/** Of a view and a rule that are there, every other time: what is made up names none. */
async function withExisting(
  server: TestServer,
  operation: Operation,
  made: MadeRequest,
  random: Random,
): Promise<MadeRequest> {
  if (random() < 0.5) return made;
  if (operation.id === "changeView" || operation.id === "deleteView") {
    const body = JSON.stringify({ name: `view ${random()}`, address: "/logs" });
    const headers = { ...AUTHORIZATION, "content-type": "application/json" };
    const answer = await fetch(`${server.url}/api/v1/views`, { method: "POST", headers, body });
    const { id } = (await answer.json()) as { id?: number };
    return id === undefined ? made : { ...made, path: `/api/v1/views/${id}` };
  }
  if (["createAlert", "replaceAlert", "deleteAlert", "previewAlert"].includes(operation.id)) {
    return await withRule(server, operation, made, random);
  }
  const body = objectIn(made.body ?? "");
  if ((operation.id !== "muteAlert" && operation.id !== "testAlert") || body === undefined) return made;
  return { ...made, body: JSON.stringify({ ...body, name: RULE }) };
}

/** A rule that works; to be replaced or deleted, one that is there. */
async function withRule(
  server: TestServer,
  operation: Operation,
  made: MadeRequest,
  random: Random,
): Promise<MadeRequest> {
  const rule = { name: `rule ${random()}`, q: "level:error", window: "1m", above: 1 };
  if (operation.id === "createAlert" || operation.id === "previewAlert") {
    return { ...made, body: JSON.stringify({ rule }) };
  }
  const headers = { ...AUTHORIZATION, "content-type": "application/json" };
  await fetch(`${server.url}/api/v1/alerts`, { method: "POST", headers, body: JSON.stringify({ rule }) });
  const { name } = rule;
  if (operation.id === "deleteAlert") return { ...made, path: `/api/v1/alerts?name=${encodeURIComponent(name)}` };
  return { ...made, body: JSON.stringify({ name, rule: { ...rule, above: 2 } }) };
}

/** The object that a text is as JSON, if it is one. */
function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

interface Seen {
  readonly status: number;
  readonly text: string;
}

async function answerTo(server: TestServer, operation: Operation, made: MadeRequest, random: Random): Promise<Seen> {
  const headers = { ...made.headers, ...(random() < 0.95 ? AUTHORIZATION : {}) };
  const stop = new AbortController();
  const answer = await fetch(server.url + made.path, { ...made, headers, signal: stop.signal });
  const { status } = answer;
  if (status === 200 && STREAMS.includes(operation.id)) {
    stop.abort();
    return { status, text: "" };
  }
  return { status, text: await answer.text() };
}

async function operationsOf(server: TestServer): Promise<Operation[]> {
  const description = await fetch(`${server.url}/openapi.json`);
  return describedOperations(await description.json());
}

async function fuzz(server: TestServer, random: Random, faultsMax: number): Promise<Map<string, Set<number>>> {
  const operations = await operationsOf(server);
  const seen = new Map<string, Set<number>>();
  for (const operation of operations) {
    const statuses = new Set<number>();
    seen.set(operation.id, statuses);
    for (let run = 0; run < REQUESTS_AN_OPERATION; run++) {
      const asDescribed = makeRequest(operation, random, integer(random, faultsMax));
      const harmless = withKey(operation, withoutHarm(operation, asDescribed, random), random);
      const made = await withExisting(server, operation, harmless, random);
      const { status, text } = await answerTo(server, operation, made, random);
      statuses.add(status);
      const hasMessage = status < 400 || typeof (JSON.parse(text) as { message?: unknown }).message === "string";
      const what = `${made.method} ${made.path} ${made.body ?? ""}: ${status} ${text.slice(0, 200)}`;
      const isListed = operation.statuses.includes(status) && status < 500;
      expect([what, isListed, hasMessage]).toEqual([what, true, true]);
    }
  }
  return seen;
}

describe("the executable, given requests made from its own OpenAPI description,", () => {
  test(
    "gives only documented answers, and every operation succeeds at least once",
    async () => {
      const random = seededRandom(runSeed("openapi e2e"));
      await withServer(CONFIG, async (server) => {
        await sendSome(server, random);
        const seen = await fuzz(server, random, 0);
        expect(seen.size).toBeGreaterThan(20);
        const refused = [...seen].filter(([, statuses]) => ![...statuses].some((status) => status < 300));
        const expected = (await operationsOf(server)).filter(({ isRefused }) => isRefused);
        expect(refused.map(([id]) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
        expect(server.logLines.filter(({ level }) => level === "error")).toEqual([]);
      });
    },
    TEST_MS_MAX,
  );

  test(
    "gives only documented answers to invalid requests, and its data stays",
    async () => {
      const random = seededRandom(runSeed("openapi e2e, spoilt"));
      await withServer(CONFIG, async (server) => {
        await sendSome(server, random);
        const stored = (await server.export("--project", "default")).length;
        const statuses = new Set([...(await fuzz(server, random, 4)).values()].flatMap((some) => [...some]));
        for (const status of [200, 204, 400, 401, 404, 422]) expect([...statuses]).toContain(status);
        expect((await server.export("--project", "default")).length).toBeGreaterThanOrEqual(stored);
        expect(server.logLines.filter(({ level }) => level === "error")).toEqual([]);
      });
    },
    TEST_MS_MAX,
  );
});
