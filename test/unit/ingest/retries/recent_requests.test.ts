import { describe, expect, test } from "bun:test";
import type { RequestIdentity } from "../../../../src/commit/redo_group.ts";
import {
  CRASH_MS,
  RECENT_REQUESTS_KIND,
  REQUESTS_KIND,
  RecentRequests,
  type RequestChange,
  type RequestLimits,
} from "../../../../src/ingest/retries/recent_requests.ts";

const NOW = 1_700_000_000_000;
const WINDOW_MS = 600_000;
const LIMITS: RequestLimits = { windowMs: WINDOW_MS, requests: 10, clientShare: 0.5 };

function keyed(id: string, body = "body", keyType: "server" | "client" = "server"): RequestIdentity {
  return { id, body, keyType };
}

function plain(id: string): RequestIdentity {
  return { id, body: undefined, keyType: "server" };
}

function memory(limits: Partial<RequestLimits> = {}, run = "run"): RecentRequests {
  return new RecentRequests({ ...LIMITS, ...limits }, run, [1, 2]);
}

/** What another process finds, and when: `run` is "run" for a new writer of the same process. */
function restored(parts: readonly (readonly RequestChange[])[], now = NOW, run = "next"): RecentRequests {
  const made = memory({}, run);
  made.restore(parts.flat(), now);
  return made;
}

describe("a request with an idempotency key", () => {
  test("is a repetition with the same body, and refused with another, for the window", () => {
    const requests = memory();
    expect(requests.match(keyed("a"), NOW)).toBe("new");
    requests.admit(keyed("a"), 1, NOW, false);
    requests.answered(1, [], NOW);
    const looks = [NOW, NOW + WINDOW_MS - 1, NOW + WINDOW_MS].map((now) => requests.match(keyed("a"), now));
    expect(looks).toEqual(["repetition", "repetition", "new"]);
    expect(requests.match(keyed("a", "other"), NOW)).toBe("other_body");
    expect(requests.match(keyed("b"), NOW)).toBe("new");
  });

  test("is still a repetition after any number of them, and after a restart of any kind", () => {
    const requests = memory();
    requests.admit(keyed("a"), 1, NOW, false);
    for (let number = 2; number < 5; number++) requests.absorb(keyed("a"), number, NOW, false);
    const part = requests.takeChanges(NOW);
    for (const parts of [[part], [part, requests.takeStop(NOW)]]) {
      expect(restored(parts).match(keyed("a"), NOW)).toBe("repetition");
      expect(restored(parts).match(keyed("a", "other"), NOW)).toBe("other_body");
      expect(restored(parts, NOW + WINDOW_MS).match(keyed("a"), NOW + WINDOW_MS)).toBe("new");
    }
  });
});

describe("a request without an idempotency key", () => {
  test("is new again once it was answered", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, false);
    expect(requests.match(plain("a"), NOW)).toBe("new");
    requests.answered(1, [], NOW);
    expect(requests.match(plain("a"), NOW)).toBe("new");
  });

  test("absorbs one repetition where its client had disconnected, and then none", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, false);
    requests.answered(1, [1], NOW);
    expect(requests.match(plain("a"), NOW + 5)).toBe("repetition");
    requests.absorb(plain("a"), 2, NOW + 5, false);
    requests.answered(2, [], NOW + 5);
    expect(requests.match(plain("a"), NOW + 5)).toBe("new");
  });

  test("absorbs another repetition where the client of the first had disconnected too", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, false);
    requests.answered(1, [1], NOW);
    requests.absorb(plain("a"), 2, NOW, false);
    requests.answered(2, [2], NOW);
    expect(requests.match(plain("a"), NOW)).toBe("repetition");
    requests.absorb(plain("a"), 3, NOW, false);
    requests.answered(3, [], NOW);
    expect(requests.match(plain("a"), NOW)).toBe("new");
  });

  test("absorbs as many repetitions as equal requests were unanswered", () => {
    const requests = memory();
    for (const number of [1, 2]) requests.admit(plain("a"), number, NOW, true);
    for (const number of [3, 4]) {
      expect(requests.match(plain("a"), NOW)).toBe("repetition");
      requests.absorb(plain("a"), number, NOW, false);
    }
    expect(requests.match(plain("a"), NOW)).toBe("new");
  });

  test("is reported once: a second report of the same number changes nothing", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, true);
    requests.answered(1, [1], NOW);
    requests.absorb(plain("a"), 2, NOW, false);
    expect(requests.match(plain("a"), NOW)).toBe("new");
  });

  test("is forgotten after the window", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, true);
    expect(requests.match(plain("a"), NOW + WINDOW_MS)).toBe("new");
  });
});

describe("after the end of a process", () => {
  test("its last requests without a key count as unanswered, those of more than ten seconds before do not", () => {
    const requests = memory();
    requests.admit(plain("early"), 1, NOW, false);
    const early = requests.takeChanges(NOW);
    requests.admit(plain("late"), 2, NOW + CRASH_MS, false);
    const next = restored([early, requests.takeChanges(NOW + CRASH_MS)], NOW + 60_000);
    expect([next.match(plain("early"), NOW + 60_000), next.match(plain("late"), NOW + 60_000)]).toEqual([
      "new",
      "repetition",
    ]);
    next.absorb(plain("late"), 1, NOW + 60_000, false);
    expect(next.match(plain("late"), NOW + 60_000)).toBe("new");
  });

  test("none is unanswered where it stopped gracefully, but for those whose clients had disconnected", () => {
    const requests = memory();
    requests.admit(plain("alive"), 1, NOW, false);
    requests.admit(plain("gone"), 2, NOW, false);
    const part = requests.takeChanges(NOW);
    requests.answered(2, [2], NOW);
    const next = restored([part, requests.takeStop(NOW)]);
    expect([next.match(plain("alive"), NOW), next.match(plain("gone"), NOW)]).toEqual(["new", "repetition"]);
  });

  test("none is unanswered where it lived on for ten seconds after its last commit", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, false);
    const part = requests.takeChanges(NOW);
    expect([requests.hasChanges(NOW + CRASH_MS - 1), requests.hasChanges(NOW + CRASH_MS)]).toEqual([false, true]);
    const sign = requests.takeChanges(NOW + CRASH_MS);
    expect(sign.map(({ kind }) => kind)).toEqual([REQUESTS_KIND]);
    expect(requests.hasChanges(NOW + 10 * CRASH_MS)).toBe(false);
    expect(restored([part, sign], NOW + CRASH_MS).match(plain("a"), NOW + CRASH_MS)).toBe("new");
  });

  test("one that was known to be unanswered absorbs one repetition, not two", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, false);
    const first = requests.takeChanges(NOW);
    requests.answered(1, [1], NOW + 1);
    expect(requests.hasChanges(NOW + 1)).toBe(true);
    const next = restored([first, requests.takeChanges(NOW + 1)]);
    next.absorb(plain("a"), 1, NOW, false);
    expect(next.match(plain("a"), NOW)).toBe("new");
  });

  test("a repetition that may be unanswered may come again", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, true);
    const first = requests.takeChanges(NOW);
    requests.absorb(plain("a"), 2, NOW + 1, false);
    const next = restored([first, requests.takeChanges(NOW + 1)]);
    expect(next.match(plain("a"), NOW)).toBe("repetition");
    next.absorb(plain("a"), 1, NOW, false);
    expect(next.match(plain("a"), NOW)).toBe("new");
  });

  test("requests that one process found unanswered are known to the next one", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, false);
    const part = requests.takeChanges(NOW);
    const command = restored([part], NOW + 1, "command");
    const last = restored([part, command.takeChanges(NOW + 60_000)], NOW + 61_000, "last");
    expect(last.match(plain("a"), NOW + 61_000)).toBe("repetition");
    last.absorb(plain("a"), 1, NOW + 61_000, false);
    expect(last.match(plain("a"), NOW + 61_000)).toBe("new");
  });

  test("a new writer of the same process takes no request for unanswered: the main thread lives", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, false);
    expect(restored([requests.takeChanges(NOW)], NOW, "run").match(plain("a"), NOW)).toBe("new");
  });
});

describe("the number of requests is bounded", () => {
  test("and the oldest is dropped first", () => {
    const requests = memory();
    for (let at = 0; at < 12; at++) requests.admit(keyed(`${at}`), at, NOW + at, false);
    const looks = [1, 2, 11].map((at) => requests.match(keyed(`${at}`), NOW + 20));
    expect(looks).toEqual(["new", "repetition", "repetition"]);
  });

  test("for client keys by their share, so that they push out none of a server's", () => {
    const requests = memory();
    for (let at = 0; at < 5; at++) requests.admit(keyed(`s${at}`), at, NOW + at, false);
    for (let at = 0; at < 50; at++) requests.admit(keyed(`c${at}`, "body", "client"), 5 + at, NOW + 5 + at, false);
    expect(requests.match(keyed("s0"), NOW + 100)).toBe("repetition");
    expect([44, 45].map((at) => requests.match(keyed(`c${at}`, "body", "client"), NOW + 100))).toEqual([
      "new",
      "repetition",
    ]);
  });

  test("and no change of the state log from before the oldest request is needed", () => {
    const requests = memory();
    expect(requests.neededSince(NOW)).toBe(NOW - CRASH_MS);
    requests.admit(keyed("a"), 1, NOW - 60_000, false);
    expect(requests.neededSince(NOW)).toBe(NOW - 60_000);
    expect(requests.neededSince(NOW + WINDOW_MS)).toBe(NOW + WINDOW_MS - CRASH_MS);
  });

  test("and requests that matter for ten seconds only have their own kind in the state log", () => {
    const requests = memory();
    requests.admit(plain("a"), 1, NOW, false);
    expect(requests.takeChanges(NOW).map(({ kind }) => kind)).toEqual([RECENT_REQUESTS_KIND]);
    requests.admit(plain("b"), 2, NOW, true);
    requests.admit(keyed("c"), 3, NOW, false);
    expect(requests.takeChanges(NOW).map(({ kind }) => kind)).toEqual([RECENT_REQUESTS_KIND, REQUESTS_KIND]);
    requests.absorb(plain("b"), 4, NOW, false);
    expect(requests.takeChanges(NOW).map(({ kind }) => kind)).toEqual([REQUESTS_KIND]);
  });

  test("and nothing is remembered with a window of 0", () => {
    const requests = memory({ windowMs: 0 });
    requests.admit(keyed("a"), 1, NOW, true);
    requests.setAside("digest", NOW);
    expect([requests.match(keyed("a"), NOW), requests.hasSetAside, requests.takeChanges(NOW)]).toEqual([
      "new",
      false,
      [],
    ]);
  });
});

test("a body that was set aside is known by its digest for the window, also to the next process", () => {
  const requests = memory();
  requests.setAside("digest", NOW);
  const next = restored([requests.takeChanges(NOW)]);
  for (const one of [requests, next])
    expect([one.isSetAside("digest"), one.isSetAside("other")]).toEqual([true, false]);
  expect(restored([memory().takeChanges(NOW)], NOW + WINDOW_MS).hasSetAside).toBe(false);
});
