// A month's quota, and the part of it that client keys can use.

import { describe, expect, test } from "bun:test";
import type { ProjectRules } from "../../../src/commit/redo_group.ts";
import { gapOf, IngesterState, NOW } from "./ingester_state.ts";

const SHARED = { monthlyEntries: 10, overage: "drop", clientEntries: 5 } as const;

function logs(count: number, name: string) {
  return { entries: Array.from({ length: count }, (_, index) => ({ message: `${name} ${index}`, timestamp: NOW })) };
}

function changed(state: IngesterState, project: Partial<ProjectRules>): void {
  const shop = { ...(state.rules.projects["shop"] as ProjectRules), ...project };
  state.rules = { ...state.rules, projects: { shop } };
  state.ingester.setRules(state.rules, NOW);
}

const used = (state: IngesterState) =>
  ["admitted", "admitted.client", "dropped.quota"].map((name) => state.counter(name)["2026-11"]);

describe("of a project with a live server key", () => {
  test("client keys can use only their share of the quota, and servers all that is left", () => {
    const state = new IngesterState(SHARED);
    state.send({ ...logs(20, "client"), key: 1 });
    expect(used(state)).toEqual([5, 5, 15]);
    state.send(logs(4, "server"), { ...logs(1, "more"), key: 1 }, logs(4, "last"));
    expect(used(state)).toEqual([10, 5, 19]);
    expect(state.ingester.counts()).toMatchObject({ received: 29, stored: 10, dropped: { quota: 19 } });
    expect(gapOf(state.ingester.counts())).toBe(0);
  });

  test("client keys have nothing left where servers used all of it", () => {
    const state = new IngesterState(SHARED);
    state.send(logs(9, "server"), { ...logs(3, "client"), key: 1 });
    expect(used(state)).toEqual([10, 1, 2]);
  });

  test("their share is counted across a restart, the batches of one group, and pending timings", () => {
    const state = new IngesterState(SHARED);
    const starts = { entries: [1, 2, 3].map((n) => ({ key: `k${n}`, startTime: NOW })), key: 1 } as const;
    state.send(starts, { ...logs(1, "client"), key: 1 });
    state.restart(NOW);
    state.send({ ...logs(1, "a"), key: 1 }, { ...logs(1, "b"), key: 1 });
    expect(used(state)).toEqual([5, 5, 1]);
  });

  test("a share of 0 leaves clients nothing", () => {
    const state = new IngesterState({ ...SHARED, clientEntries: 0 });
    state.send({ ...logs(1, "client"), key: 1 }, logs(10, "server"));
    expect(used(state)).toEqual([10, undefined, 1]);
  });

  test("with overage = continue, entries past the share are stored too", () => {
    const state = new IngesterState({ ...SHARED, overage: "continue" });
    state.send({ ...logs(20, "client"), key: 1 });
    expect(used(state)).toEqual([20, 20, undefined]);
  });

  test("the count of an older version is the whole project's, and not the clients'", () => {
    const state = new IngesterState({ ...SHARED, clientEntries: undefined });
    state.send({ ...logs(6, "client"), key: 1 });
    state.forgetCounter("admitted.client");
    changed(state, SHARED);
    state.restart(NOW);
    state.send({ ...logs(9, "again"), key: 1 });
    expect(used(state)).toEqual([10, 4, 5]);
  });
});

test("a reload that revokes the server key gives client keys the whole quota, and one that restores it takes that back", () => {
  const state = new IngesterState(SHARED);
  state.send({ ...logs(6, "a"), key: 1 });
  changed(state, { clientEntries: undefined });
  state.send({ ...logs(2, "b"), key: 1 });
  expect(used(state)).toEqual([7, 7, 1]);
  changed(state, SHARED);
  state.send({ ...logs(1, "c"), key: 1 }, logs(4, "server"));
  expect(used(state)).toEqual([10, 7, 3]);
});
