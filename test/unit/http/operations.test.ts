import { describe, expect, test } from "bun:test";
import { ADMIN_TOKEN, createFixture, type Fixture, outcome, SERVER_KEY, SNAPSHOT } from "./fixture.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

function request(
  fixture: Fixture,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fixture.fetch(new Request(`http://localhost:7070${path}`, { method, headers }));
}

/** Each sample of the text by its name and labels. */
async function samples(fixture: Fixture): Promise<Map<string, number>> {
  const text = await (await request(fixture, "GET", "/metrics", ADMIN)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe("monitors", () => {
  test("hear that it is alive", async () => {
    const fixture = createFixture();
    fixture.readiness = { ready: false, reason: "disk full" };
    expect(await outcome(await request(fixture, "GET", "/healthz"))).toEqual([200, { status: "ok" }]);
  });

  test("hear whether it can store, and why not", async () => {
    const fixture = createFixture();
    expect(await outcome(await request(fixture, "GET", "/readyz"))).toEqual([200, { status: "ready" }]);
    fixture.readiness = { ready: false, reason: "disk full" };
    expect(await outcome(await request(fixture, "GET", "/readyz"))).toEqual([
      503,
      { status: "unavailable", reason: "disk full" },
    ]);
  });

  test("get the same by HEAD, without the body", async () => {
    const fixture = createFixture();
    fixture.readiness = { ready: false, reason: "disk full" };
    for (const [path, status] of [
      ["/healthz", 200],
      ["/readyz", 503],
      ["/metrics", 401],
    ] as const) {
      const response = await request(fixture, "HEAD", path);
      expect([response.status, await response.text()]).toEqual([status, ""]);
    }
  });
});

describe("metrics", () => {
  test("have every figure of the snapshot, and the sum closes", async () => {
    const fixture = createFixture();
    fixture.queuedEntries = 5;
    const all = await samples(fixture);
    const figures = Object.fromEntries(
      [...all].filter(([name]) => /^simplelogs_(?!batches|commit|heap|uptime)/.test(name)),
    );
    const dropped = Object.entries(SNAPSHOT.dropped);
    expect(figures).toEqual({
      simplelogs_host_refusals_total: 0,
      'simplelogs_read_refusals_total{reason="limited"}': 0,
      'simplelogs_read_refusals_total{reason="session"}': 0,
      'simplelogs_read_refusals_total{reason="ticket"}': 0,
      'simplelogs_read_refusals_total{reason="token"}': 0,
      simplelogs_entries_received_total: 1000,
      simplelogs_entries_stored_total: 900,
      simplelogs_entries_queued: 5,
      simplelogs_entries_open: 50,
      'simplelogs_timings_ambiguous_total{project="blog"}': 0,
      'simplelogs_timings_ambiguous_total{project="shop"}': 7,
      ...Object.fromEntries(
        dropped.map(([reason, count]) => [`simplelogs_entries_dropped_total{reason="${reason}"}`, count]),
      ),
      'simplelogs_queue_requests{source="server"}': 18,
      'simplelogs_queue_requests{source="client"}': 10,
      'simplelogs_queue_requests{source="unauthenticated"}': 2,
      'simplelogs_queue_bytes{source="server"}': 1900,
      'simplelogs_queue_bytes{source="client"}': 1000,
      'simplelogs_queue_bytes{source="unauthenticated"}': 100,
      simplelogs_queue_requests_limit: 200,
      simplelogs_queue_bytes_limit: 20_000,
      simplelogs_alert_evaluations_total: 0,
      simplelogs_alert_evaluation_failures_total: 0,
      simplelogs_alert_query_seconds_total: 0,
      simplelogs_alerts_firing: 0,
      'simplelogs_heartbeats_total{outcome="answered"}': 0,
      'simplelogs_heartbeats_total{outcome="failed"}': 0,
      simplelogs_blocks: 12,
      simplelogs_records: 800,
      simplelogs_shipped_batches_total: 0,
      simplelogs_shipped_bytes_total: 0,
      simplelogs_shipped_records_total: 0,
      simplelogs_shipping_backlog_bytes: 0,
      simplelogs_shipping_backlog_bytes_limit: 0,
      simplelogs_shipping_backlog_records: 0,
      simplelogs_shipping_failures_total: 0,
      simplelogs_shipping_lag_seconds: 0,
      simplelogs_disk_bytes: 123_456,
      simplelogs_written_bytes_total: 654_321,
      simplelogs_received_bytes_total: 111_222,
      simplelogs_ready: 1,
      'simplelogs_thread_running{thread="compactor"}': 0,
      'simplelogs_thread_running{thread="reader"}': 0,
      'simplelogs_thread_running{thread="writer"}': 1,
      'simplelogs_thread_restarts_total{thread="compactor"}': 0,
      'simplelogs_thread_restarts_total{thread="reader"}': 0,
      'simplelogs_thread_restarts_total{thread="writer"}': 0,
      'simplelogs_build_info{version="1.2.3"}': 1,
    });
    expect(900 + 5 + 50 + dropped.reduce((sum, [, count]) => sum + count, 0)).toBe(1000);
    // Of the process, whatever else ran in it.
    expect(all.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
    expect(all.get('simplelogs_heap_bytes{thread="main"}')).toBeGreaterThan(1e5);
  });

  test("show the present figures at each scrape, not the sum of scrapes", async () => {
    const fixture = createFixture();
    await samples(fixture);
    fixture.snapshot = { ...SNAPSHOT, received: 1001, dropped: { ...SNAPSHOT.dropped, empty: 2 } };
    const all = await samples(fixture);
    expect(all.get("simplelogs_entries_received_total")).toBe(1001);
    expect(all.get('simplelogs_entries_dropped_total{reason="empty"}')).toBe(2);
  });

  test("of scrapes at the same time are of one moment each", async () => {
    const fixture = createFixture();
    fixture.queuedEntries = 5;
    const scrapes = [samples(fixture)];
    for (const more of [1, 2, 3]) {
      fixture.snapshot = { ...SNAPSHOT, received: 1000 + more, stored: 900 + more };
      scrapes.push(samples(fixture));
    }
    for (const all of await Promise.all(scrapes)) {
      let sum = 0;
      for (const [name, figure] of all)
        if (/^simplelogs_entries_(stored|queued|open|dropped)/.test(name)) sum += figure;
      expect(sum).toBe(all.get("simplelogs_entries_received_total") ?? Number.NaN);
    }
  });

  test("count batches by status, all of them from the start", async () => {
    const fixture = createFixture();
    await fixture.post("{");
    await fixture.post({ key: SERVER_KEY, source: "server", entries: [{}] });
    await fixture.post({ key: SERVER_KEY, source: "server", entries: [{}] });
    const all = await samples(fixture);
    const counts = [202, 400, 401, 403, 413, 415, 422, 429, 500, 503].map((status) =>
      all.get(`simplelogs_batches_total{status="${status}"}`),
    );
    expect(counts).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("have a histogram of commits", async () => {
    const fixture = createFixture();
    for (const durationMs of [0.4, 4, 40_000]) fixture.metrics.observeCommit(durationMs);
    const all = await samples(fixture);
    const at = (bound: string) => all.get(`simplelogs_commit_duration_seconds_bucket{le="${bound}"}`);
    expect([at("0.001"), at("0.005"), at("10"), at("+Inf")]).toEqual([1, 2, 2, 3]);
    expect(all.get("simplelogs_commit_duration_seconds_sum")).toBeCloseTo(40.0044);
  });

  test("are open to all where the configuration says so", async () => {
    const fixture = createFixture();
    fixture.access = { ...fixture.access, metricsOpen: true, adminTokenSha256: undefined };
    const response = await request(fixture, "GET", "/metrics");
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
  });
});

describe("metrics are refused to", () => {
  test.each([
    ["no token", {}],
    ["a wrong token", { authorization: "Bearer wrong-horse-battery" }],
    ["a token and more", { authorization: `Bearer ${ADMIN_TOKEN}x` }],
    ["another scheme", { authorization: `Basic ${ADMIN_TOKEN}` }],
    ["an empty token", { authorization: "Bearer " }],
  ])("%s", async (_name, headers: Record<string, string>) => {
    const response = await request(createFixture(), "GET", "/metrics", headers);
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  });

  test("everybody while no token is configured, or an unusable one", async () => {
    for (const adminTokenSha256 of [undefined, "", "zz"]) {
      const fixture = createFixture();
      fixture.access = { ...fixture.access, adminTokenSha256 };
      expect((await request(fixture, "GET", "/metrics", ADMIN)).status).toBe(401);
    }
  });
});

describe("what is not there", () => {
  test.each([
    ["GET", "/api/v1/enqueue", "POST, OPTIONS"],
    ["HEAD", "/api/v1/enqueue", "POST, OPTIONS"],
    ["PUT", "/api/v1/enqueue", "POST, OPTIONS"],
    ["DELETE", "/api/v1/enqueue?x=1", "POST, OPTIONS"],
    ["POST", "/healthz", "GET, HEAD"],
    ["OPTIONS", "/readyz", "GET, HEAD"],
    ["PATCH", "/metrics", "GET, HEAD"],
  ])("%s %s is answered 405 with Allow", async (method, path, allow) => {
    const response = await request(createFixture(), method, path);
    expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
    if (method !== "HEAD") expect(await response.json()).toEqual({ message: "Method not allowed" });
  });

  test.each(["/", "/api/v1", "/api/v1/enqueue/x", "/API/V1/ENQUEUE", "/%zz", "/__proto__", "//healthz"])(
    "%s is answered 404",
    async (path) => {
      for (const method of ["GET", "POST"]) {
        expect(await outcome(await request(createFixture(), method, path))).toEqual([404, { message: "Not found" }]);
      }
    },
  );
});
