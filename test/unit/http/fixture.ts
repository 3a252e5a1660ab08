// An application with known keys, a manual clock and an intake that does what the test says. No socket.

import { hash } from "node:crypto";
import type { BatchOutcome, IncomingBatch, PushRefusal } from "../../../src/core/batch.ts";
import type { Source } from "../../../src/core/entry.ts";
import type { StoredSession } from "../../../src/core/session.ts";
import type { PipelineView, Readiness, StoreSnapshot } from "../../../src/core/telemetry.ts";
import { AllowedHosts } from "../../../src/http/access/hosts.ts";
import { KeyLookup, type KnownKey } from "../../../src/http/access/keys.ts";
import { ReadGate } from "../../../src/http/access/read_gate.ts";
import { Sessions } from "../../../src/http/access/sessions.ts";
import type { AccessSettings, MaskedPair } from "../../../src/http/access/settings.ts";
import { createHttpApp } from "../../../src/http/app.ts";
import { ServerMetrics } from "../../../src/http/base/metrics.ts";
import { ENQUEUE_PATH } from "../../../src/http/base/routes.ts";
import { Admission } from "../../../src/http/ingest/admission.ts";
import { EnqueueEndpoint } from "../../../src/http/ingest/enqueue.ts";
import { ProtocolEndpoint } from "../../../src/http/protocols/endpoint.ts";
import { protocolPosts } from "../../../src/http/protocols/routes.ts";
import { BatchChecks } from "../../../src/ingest/batch_checks.ts";
import { RecentRequests } from "../../../src/ingest/retries/recent_requests.ts";
import type { ClientLibrary } from "../../../src/runtime/client_library.ts";
import { Connections } from "../../../src/runtime/contract/connections.ts";
import { FakeAlerts } from "./fake_alerts.ts";
import { FakeKeyChanges, FakeReaders } from "./readers.ts";

export const SERVER_KEY = "sk_0123456789abcdef";
export const CLIENT_KEY = "ck_0123456789abcdef";
export const CLIENT_KEY_WITHOUT_ORIGINS = "ck_closed0123456789";
export const OTHER_CLIENT_KEY = "ck_other0123456789a";
export const RATED_KEY = "sk_rated0123456789a";
export const ADMIN_TOKEN = "correct horse battery".replaceAll(" ", "-");
export const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
export const ORIGIN = "https://shop.example.com";
export const OTHER_ORIGIN = "https://other.example.org";
export const ENQUEUE_URL = "http://localhost:7070/api/v1/enqueue";
export const BODY_BYTES_MAX = 4096;
export const ENTRIES_MAX = 20;
export const RATE = 2;

export function sha256(text: string): string {
  return hash("sha256", text, "hex");
}

export function knownKey(
  text: string,
  type: Source,
  name: string,
  origins: readonly string[] = [],
  rate?: number,
): KnownKey {
  return { sha256: sha256(text), apiKey: { name, project: "shop", type, origins, rate } };
}

/** The keys that the fixture's server knows. */
export const KNOWN_KEYS: readonly KnownKey[] = [
  knownKey(SERVER_KEY, "server", "web shop"),
  knownKey(CLIENT_KEY, "client", "web shop", [ORIGIN]),
  knownKey(CLIENT_KEY_WITHOUT_ORIGINS, "client", "closed"),
  knownKey(OTHER_CLIENT_KEY, "client", "other", [OTHER_ORIGIN]),
  knownKey(RATED_KEY, "server", "rated", [], RATE),
];

export const PAIRS: readonly MaskedPair[] = [
  {
    name: "web shop",
    project: "shop",
    serverMasked: "sk_0123…",
    clientMasked: "ck_0123…",
    origins: [ORIGIN],
    rate: undefined,
    revoked: false,
  },
  {
    name: "old",
    project: "default",
    serverMasked: "sk_old0…",
    clientMasked: undefined,
    origins: [],
    rate: 5,
    revoked: true,
  },
];

const DROPPED = {
  invalid: 0,
  ignored: 0,
  empty: 1,
  invalid_time: 2,
  too_deep: 3,
  negative_duration: 4,
  too_old: 5,
  in_future: 6,
  duplicate: 7,
  quota: 8,
  internal: 9,
} as const;

export const SNAPSHOT: StoreSnapshot = {
  received: 1000,
  stored: 900,
  open: 50,
  dropped: DROPPED,
  ambiguous: new Map([
    ["blog", 0],
    ["shop", 7],
  ]),
  blocks: 12,
  records: 800,
  bytesOnDisk: 123_456,
  bytesWritten: 654_321,
  bytesReceived: 111_222,
};

/** What the intake answers, and what it was given. */
export interface Fixture {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly post: (body: unknown, headers?: Record<string, string>) => Promise<Response>;
  /** What the listener may serve without the router. */
  readonly posts: Record<string, (request: Request) => Promise<Response>>;
  readonly pushed: IncomingBatch[];
  readonly logged: string[];
  readonly metrics: ServerMetrics;
  readonly readers: FakeReaders;
  /** Aborted as the server does when it stops. */
  readonly stopping: AbortController;
  readonly connections: Connections;
  /** A request with the admin token; a body is sent as JSON. */
  readonly read: (method: string, path: string, body?: unknown) => Promise<Response>;
  access: AccessSettings;
  now: number;
  pushAnswer: () => PushRefusal | Promise<BatchOutcome>;
  readiness: Readiness;
  snapshot: StoreSnapshot;
  queuedEntries: number;
  readonly keyChanges: FakeKeyChanges;
  readonly alerts: FakeAlerts;
  readonly sessions: Sessions;
  readonly gate: ReadGate;
  /** What the data file has of the app's sessions. */
  keptSessions: readonly StoredSession[];
  /** Whom each connection comes from. */
  peer: string;
}

export function createFixture(storedSessions: readonly StoredSession[] = [], clientLibrary?: ClientLibrary): Fixture {
  const sessions = new Sessions({
    clock: () => fixture.now,
    stored: storedSessions,
    save: async (open) => {
      fixture.keptSessions = open;
    },
  });
  const metrics = new ServerMetrics("1.2.3", (thread) => thread === "writer");
  const log = (level: string, message: string) => {
    fixture.logged.push(`${level} ${message}`);
  };
  const gate = new ReadGate({
    access: () => fixture.access,
    sessions,
    clock: () => fixture.now,
    peerAddress: () => fixture.peer,
    metrics,
    log,
  });
  const fixture: Fixture = {
    sessions,
    gate,
    fetch: async (request) => app.fetch(request),
    post: async (body, headers = {}) =>
      app.fetch(
        new Request(ENQUEUE_URL, {
          method: "POST",
          body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
          headers,
        }),
      ),
    posts: {},
    pushed: [],
    logged: [],
    metrics,
    readers: new FakeReaders(),
    keyChanges: new FakeKeyChanges(),
    alerts: new FakeAlerts(),
    stopping: new AbortController(),
    connections: new Connections(),
    read: async (method, path, body) =>
      app.fetch(
        new Request(`http://localhost:7070${path}`, {
          method,
          headers: ADMIN,
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        }),
      ),
    access: {
      keys: new KeyLookup(KNOWN_KEYS),
      bodyBytesMax: BODY_BYTES_MAX,
      entriesMax: ENTRIES_MAX,
      trustedProxies: [],
      hosts: new AllowedHosts({ listenAddress: "127.0.0.1", listed: [] }),
      adminTokenSha256: sha256(ADMIN_TOKEN),
      readers: [],
      metricsOpen: false,
      durability: "sync",
      storageBytesMax: 1e9,
      pairs: PAIRS,
    },
    now: 1_700_000_000_000,
    pushAnswer: () => Promise.resolve("accepted"),
    readiness: { ready: true },
    snapshot: SNAPSHOT,
    queuedEntries: 0,
    keptSessions: storedSessions,
    peer: "192.0.2.1",
  };
  const pipeline: PipelineView = {
    flushed: () => undefined,
    snapshot: () => fixture.snapshot,
    queueFill: () => ({
      server: { requests: 18, bytes: 1900 },
      client: { requests: 10, bytes: 1000 },
      unauthenticated: { requests: 2, bytes: 100 },
      limit: { requests: 200, bytes: 20_000 },
    }),
    queuedEntries: () => fixture.queuedEntries,
    readiness: () => fixture.readiness,
  };
  const rules = () => ({
    keys: KNOWN_KEYS.map(({ apiKey: { project, name, type } }) => ({ project, name, type })),
    live: KNOWN_KEYS.map(({ sha256, apiKey: { origins, rate } }, index) => ({ index, sha256, origins, rate })),
    entriesMax: fixture.access.entriesMax,
  });
  const checks = new BatchChecks(rules());
  const requests = new RecentRequests({ windowMs: 600_000, requests: 1_000, clientShare: 0.5 }, "run", [1, 2]);
  const ingestion = { access: () => fixture.access, metrics: fixture.metrics };
  const admission = new Admission({
    ...ingestion,
    intake: {
      // As the queue and the writer do.
      push(batch) {
        const answer = fixture.pushAnswer();
        if ("refused" in answer) return answer;
        checks.setRules(rules());
        const { apiKey } = batch;
        const keyIndex = KNOWN_KEYS.findIndex((known) => known.apiKey === apiKey);
        const unchecked = { ...batch, keyIndex, idempotencyKey: batch.idempotencyKey ?? null };
        const checked = checks.check(unchecked, requests, fixture.now);
        if ("refused" in checked) return Promise.resolve(checked);
        fixture.pushed.push(batch);
        requests.admit(checked.identity, undefined, batch.receivedAt, false);
        return answer.then((outcome) => {
          if (outcome === "unavailable") checks.refund(checked);
          return outcome;
        });
      },
      retryAfterSeconds: () => 17,
    },
    clock: () => fixture.now,
    peerAddress: () => fixture.peer,
    isGone: () => false,
    log,
  });
  const enqueue = new EnqueueEndpoint(ingestion, admission);
  fixture.posts[ENQUEUE_PATH] = (request) => enqueue.handle(request);
  const app = createHttpApp({
    clientLibrary,
    enqueue,
    protocols: new ProtocolEndpoint(ingestion, admission),
    protocolPosts: protocolPosts({ otlpBodyBytesMax: 8 * 1024 * 1024 }),
    refusedBatches: admission.refusedBatches,
    pipeline,
    queries: fixture.readers,
    changes: fixture.readers,
    keyChanges: fixture.keyChanges,
    sessions,
    alerts: fixture.alerts,
    peerAddress: () => fixture.peer,
    clock: () => fixture.now,
    access: () => fixture.access,
    metrics: fixture.metrics,
    log,
    version: "1.2.3",
    stopping: fixture.stopping.signal,
    connections: fixture.connections,
  });
  return fixture;
}

/** Status and parsed JSON body. */
export async function outcome(response: Response): Promise<[number, unknown]> {
  return [response.status, await response.json()];
}

export function entries(count: number): { message: string }[] {
  return Array.from({ length: count }, (_, index) => ({ message: `entry ${index}` }));
}
