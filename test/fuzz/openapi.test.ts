// Whatever the description allows, and what it forbids: no 5xx, and no status that it does not list. Requests are made
// from openapi.json alone, as a client's generator would.

import { describe, expect, test } from "bun:test";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { ADMIN, createFixture, type Fixture, SERVER_KEY } from "../unit/http/fixture.ts";
import { describedOperations, makeRequest, type Operation } from "./openapi_requests.ts";

const REQUESTS_AN_OPERATION = 150;
/** What the log is told: made-up tokens, and changes of keys. */
const TOLD = /requests to read were refused|a pair of keys was changed/;

async function operationsOf(fixture: Fixture): Promise<readonly Operation[]> {
  const response = await fixture.fetch(new Request("http://localhost:7070/openapi.json"));
  return describedOperations(await response.json());
}

/** Sends requests of one operation and gives the statuses that came. */
async function statusesOf(
  fixture: Fixture,
  operation: Operation,
  random: Random,
  faults: number,
): Promise<Set<number>> {
  const statuses = new Set<number>();
  for (let run = 0; run < REQUESTS_AN_OPERATION; run++) {
    const made = makeRequest(operation, random, integer(random, faults));
    const headers = { ...made.headers, ...(random() < 0.9 ? ADMIN : {}) };
    const request = new Request(`http://localhost:7070${made.path}`, { ...made, headers });
    const response = await fixture.fetch(request);
    await response.text();
    statuses.add(response.status);
    const what = `${made.method} ${made.path} ${made.body ?? ""}: ${response.status}`;
    expect([what, operation.statuses.includes(response.status) && response.status < 500]).toEqual([what, true]);
  }
  return statuses;
}

function fixtureThatChanges(): Fixture {
  const script = { name: "simplelogs.js", type: "text/javascript", bodies: { identity: new Uint8Array([59]) } };
  const fixture = createFixture([], { version: "1.2.3", files: [script] });
  const touchpoint = { project: "default", name: "x", registered: true, firstSeen: 1 };
  const erased = { records: 0, blocks: 0, rejections: 0, waiting: 0 };
  const seen = { registered: 3, left: 0 };
  const view = { id: 1, name: "x", address: "/logs", project: null, changedAt: 1 };
  fixture.readers.changeOutcome = { ok: true, touchpoint, erased, seen, view };
  fixture.alerts.knowsAll = true;
  return fixture;
}

describe("requests made from openapi.json", () => {
  test("get documented answers, and mostly succeed", async () => {
    const random = seededRandom(runSeed("openapi"));
    const fixture = fixtureThatChanges();
    const operations = await operationsOf(fixture);
    expect(operations.length).toBeGreaterThan(20);
    for (const operation of operations) {
      const statuses = await statusesOf(fixture, operation, random, 0);
      const succeeds = [...statuses].some((status) => status < 300);
      // The key of an entry's batch is in its body.
      expect([operation.id, succeeds]).toEqual([operation.id, !operation.isRefused && operation.id !== "enqueue"]);
    }
    expect(fixture.logged.filter((line) => !TOLD.test(line))).toEqual([]);
  }, 30_000);

  test("and then made invalid get documented answers", async () => {
    const random = seededRandom(runSeed("openapi, spoilt"));
    const fixture = fixtureThatChanges();
    const seen = new Set<number>();
    for (const operation of await operationsOf(fixture)) {
      for (const status of await statusesOf(fixture, operation, random, 4)) seen.add(status);
    }
    for (const status of [200, 201, 204, 400, 401, 403, 422]) expect([...seen]).toContain(status);
    expect(fixture.logged.filter((line) => !TOLD.test(line))).toEqual([]);
  }, 30_000);

  test("with a known key are accepted or get a documented refusal", async () => {
    const random = seededRandom(runSeed("openapi, enqueue"));
    const fixture = fixtureThatChanges();
    const enqueue = (await operationsOf(fixture)).find(({ id }) => id === "enqueue");
    if (enqueue === undefined) throw new Error("the ingestion endpoint is described");
    for (let run = 0; run < REQUESTS_AN_OPERATION; run++) {
      const { path, method, headers, body } = makeRequest(enqueue, random, 0);
      const batch = { ...(JSON.parse(body ?? "{}") as object), key: SERVER_KEY, source: "server" };
      const text = pick(random, [JSON.stringify(batch), JSON.stringify(batch).slice(1)]);
      // One name for two bodies would be refused.
      const named = { ...headers, "idempotency-key": `run ${run}` };
      const request = new Request(`http://localhost:7070${path}`, { method, headers: named, body: text });
      const response = await fixture.fetch(request);
      expect([text, response.status]).toEqual([text, text.startsWith("{") ? 202 : 400]);
    }
    expect(fixture.pushed.length).toBeGreaterThan(10);
  });

  test("get documented refusals when the readers and the writer refuse", async () => {
    const random = seededRandom(runSeed("openapi, refused"));
    const fixture = fixtureThatChanges();
    const operations = await operationsOf(fixture);
    for (const code of ["bad_query", "unknown_project", "busy", "unavailable"] as const) {
      fixture.readers.refusal = { code, message: "why" };
      for (const operation of operations.filter(({ method }) => method === "GET")) {
        const { path, headers } = makeRequest(operation, random, 0);
        const url = `http://localhost:7070${path}`;
        const { status } = await fixture.fetch(new Request(url, { headers: { ...headers, ...ADMIN } }));
        // A question that takes no search and no project cannot be refused for one.
        const isPossible = status !== 404 || operation.parameters.some(({ name }) => name === "project");
        if (isPossible) expect([operation.id, operation.statuses.includes(status)]).toEqual([operation.id, true]);
      }
    }
  });
});
