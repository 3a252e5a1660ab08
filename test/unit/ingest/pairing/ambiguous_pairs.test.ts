import { describe, expect, test } from "bun:test";
import { AMBIGUOUS_NAMES_MAX, DAY_MS } from "../../../../src/core/limits.ts";
import { AmbiguousTouchpoints } from "../../../../src/ingest/pairing/ambiguous_pairs.ts";
import { gapOf, IngesterState, NOW } from "../ingester_state.ts";

const SEED = [1, 2] as const;
const DAY = Math.floor(NOW / DAY_MS);

describe("ambiguous pairs", () => {
  test("are counted by project and month, and by touchpoint and day, and the sum still closes", () => {
    const state = new IngesterState();
    const start = { touchpoint: "t", startTime: NOW };
    state.send({ entries: [start, start, start, { touchpoint: "t", endTime: NOW }] });
    state.restart(NOW);
    state.send({
      entries: [
        { touchpoint: "t", endTime: NOW + 1 },
        { touchpoint: "t", endTime: NOW + 2 },
      ],
    });
    expect(state.counter("ambiguous")).toEqual({ "2026-11": 2 });
    const row = { project: "shop", keyType: "server", touchpoint: "t", day: DAY, pairs: 1 } as const;
    expect(state.ambiguous).toEqual([row, row]);
    expect(state.ingester.counts()).toMatchObject({
      received: 6,
      stored: 6,
      open: 0,
      ambiguous: new Map([["shop", 2]]),
    });
    expect(gapOf(state.ingester.counts())).toBe(0);
  });

  test("of a group that is not committed are not counted", () => {
    const state = new IngesterState();
    const start = { touchpoint: "t", startTime: NOW };
    state.send({ entries: [start, start] });
    const end = { entries: [{ touchpoint: "t", endTime: NOW }] };
    state.stage(end);
    state.restart(NOW);
    expect(state.ingester.counts().ambiguous).toEqual(new Map([["shop", 0]]));
    state.send(end);
    expect([state.ambiguous.length, state.ingester.counts().ambiguous]).toEqual([1, new Map([["shop", 1]])]);
  });

  test("are summed by name until they are taken, and long names are cut", () => {
    const touchpoints = new AmbiguousTouchpoints(SEED, []);
    const long = "é".repeat(511);
    for (const name of ["a", "b", "a", `${long}\u{1f600}`, `${long}\u{1f600}x`])
      touchpoints.add("shop", "client", name, NOW);
    const rows = touchpoints.take();
    expect(rows.map(({ touchpoint, pairs }) => [touchpoint, pairs])).toEqual([
      ["a", 2],
      ["b", 1],
      [`${long}\ufffd`, 2],
    ]);
    expect(touchpoints.take()).toEqual([]);
  });

  test("are bounded in names for each day, project and type of key, also after a restart", () => {
    const touchpoints = new AmbiguousTouchpoints(SEED, []);
    for (let n = 0; n <= AMBIGUOUS_NAMES_MAX; n++) touchpoints.add("shop", "client", `t${n}`, NOW);
    const known = touchpoints.take();
    expect(known).toHaveLength(AMBIGUOUS_NAMES_MAX);
    const after = new AmbiguousTouchpoints(SEED, known);
    for (const name of ["t0", "new"]) after.add("shop", "client", name, NOW);
    after.add("shop", "server", "new", NOW);
    after.add("blog", "client", "new", NOW);
    expect(after.take().map(({ project, keyType, touchpoint }) => `${project} ${keyType} ${touchpoint}`)).toEqual([
      "shop client t0",
      "shop server new",
      "blog client new",
    ]);
    after.add("shop", "client", "new", NOW + DAY_MS);
    expect(after.take()).toMatchObject([{ touchpoint: "new", day: DAY + 1 }]);
  });
});
