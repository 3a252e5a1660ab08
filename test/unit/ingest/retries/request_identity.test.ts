import { describe, expect, test } from "bun:test";
import type { KeyIdentity } from "../../../../src/core/batch.ts";
import { RequestIdentities } from "../../../../src/ingest/retries/request_identity.ts";

const SERVER: KeyIdentity = { project: "shop", name: "web shop", type: "server" };
const CLIENT: KeyIdentity = { ...SERVER, type: "client" };
const OTHER: KeyIdentity = { ...SERVER, name: "other" };
const LONG = "x".repeat(100_000);

type Request = readonly [key: KeyIdentity, route: string, idempotencyKey: string | undefined, body: string];

/** No two of them are one request. */
const REQUESTS: readonly Request[] = [SERVER, CLIENT, OTHER].flatMap((key) =>
  ["/api/v1/enqueue", "/api/v1/enqueue?verbose=1"].flatMap((route) => [
    ...["{}", "{ }", "", "é", "漢", "a\u0000b", LONG, `${LONG}x`, `y${LONG}`].map(
      (body): Request => [key, route, undefined, body],
    ),
    ...["{}", "1", "2"].map((idempotencyKey): Request => [key, route, idempotencyKey, "{}"]),
  ]),
);

describe("the identity of a request", () => {
  test("depends on its key, its route, and its idempotency key or else its body, and on nothing before it", () => {
    const identities = new RequestIdentities([1, 2]);
    const idsOf = (requests: readonly Request[]) => requests.map((request) => identities.of(...request).id);
    const ids = idsOf(REQUESTS);
    expect(new Set(ids).size).toBe(REQUESTS.length);
    // Neighbours that differ in their route alone, or in their key alone.
    for (const step of [7, 25]) {
      const order = REQUESTS.map((_, place) => (place * step) % REQUESTS.length);
      expect(idsOf(order.map((place) => REQUESTS[place] as Request))).toEqual(
        order.map((place) => ids[place] as string),
      );
    }
    expect(idsOf(REQUESTS.map(([key, ...rest]) => [{ ...key }, ...rest]))).toEqual(ids);
  });

  test("has the body's digest where there is an idempotency key", () => {
    const identities = new RequestIdentities([1, 2]);
    const [one, same, other, none] = [
      identities.of(SERVER, "/", "key", "one"),
      identities.of(SERVER, "/", "key", "one"),
      identities.of(SERVER, "/", "key", "other"),
      identities.of(SERVER, "/", undefined, "one"),
    ];
    expect(same).toEqual(one);
    expect([other.id === one.id, other.body === one.body, none.body]).toEqual([true, false, undefined]);
    expect(one.body).toMatch(/^[\w-]{22}$/);
  });

  test("differs under another secret", () => {
    const digests = [
      [1, 2],
      [2, 2],
      [1, 3],
    ].map(([high = 0, low = 0]) => new RequestIdentities([high, low]).bodyDigest("{}"));
    expect(new Set(digests).size).toBe(3);
  });
});
