// Erasures on both sides: the cluster's part first, the data file's part with nothing shipped meanwhile, and answers that
// say what is not erased.

import { describe, expect, test } from "bun:test";
import type { ChangeOutcome, ChangeRequest } from "../../../../src/core/changes.ts";
import { Erasures } from "../../../../src/threads/main/erasures.ts";
import type { ShippedErasure } from "../../../../src/threads/messages.ts";

type EraseRequest = Extract<ChangeRequest, { readonly kind: "erase" }>;

const REPORT = { records: 3, blocks: 1, rejections: 0, waiting: 2 };
const DONE: ChangeOutcome = { ok: true, erased: REPORT };
const SHIPPED: ShippedErasure = { isErased: true, records: 7, hasProject: true, touchpoints: ["api/orders"] };

function request(q = ""): EraseRequest {
  return { kind: "erase", scope: { project: "shop", q, from: undefined, to: undefined } };
}

function refused(code: "unavailable" | "unknown_project", message: string): ChangeOutcome {
  return { ok: false, refusal: { code, message } };
}

/** Erasures whose two sides say what they are told to, and the order in which they were called. */
function stage(shipped: ShippedErasure, local: ChangeOutcome = DONE, wasHeld = true) {
  const calls: string[] = [];
  const erasures = new Erasures({
    async erase() {
      calls.push("cluster");
      await Bun.sleep(1);
      return shipped;
    },
    release() {
      calls.push("release");
      return wasHeld;
    },
  });
  const run = (q?: string) =>
    erasures.erase(request(q), async ({ touchpointsElsewhere }) => {
      calls.push(`data file, but ${touchpointsElsewhere?.join()}`);
      await Bun.sleep(1);
      return local;
    });
  return { calls, run };
}

async function messageOf(outcome: Promise<ChangeOutcome>): Promise<string> {
  const one = await outcome;
  return one.ok ? "erased" : `${one.refusal.code}: ${one.refusal.message}`;
}

describe("an erasure", () => {
  test("erases in the cluster, then in the data file, and then goes on shipping", async () => {
    const { calls, run } = stage(SHIPPED);
    expect(await run()).toEqual({ ok: true, erased: { ...REPORT, shipped: 7 } });
    expect(calls).toEqual(["cluster", "data file, but api/orders", "release"]);
  });

  test("waits for the one before", async () => {
    const { calls, run } = stage(SHIPPED);
    await Promise.all([run(), run()]);
    expect(calls).toEqual([
      "cluster",
      "data file, but api/orders",
      "release",
      "cluster",
      "data file, but api/orders",
      "release",
    ]);
  });

  test("that fails in the cluster leaves the data file alone, and says how much may be erased", async () => {
    const before = stage({ isErased: false, isBegun: false, message: "away" });
    expect(await messageOf(before.run())).toStartWith("unavailable: Nothing was erased");
    expect(before.calls).toEqual(["cluster", "release"]);
    const amid = stage({ isErased: false, isBegun: true, message: "lost" });
    const said = await messageOf(amid.run());
    expect(said).toContain("at most in part");
    expect(said).toContain("erase again");
    expect(said).toContain("lost");
    expect(amid.calls).toEqual(["cluster", "release"]);
  });

  test("that fails in the data file says what is erased in the cluster", async () => {
    const { calls, run } = stage(SHIPPED, refused("unavailable", "the writer died"));
    const said = await messageOf(run());
    expect(said).toStartWith("unavailable: 7 records erased in ClickHouse, but not all in the data file: erase again");
    expect(said).toContain("the writer died");
    expect(calls.at(-1)).toBe("release");
  });

  test("during which shipping began again is not said to be done", async () => {
    expect(await messageOf(stage(SHIPPED, DONE, false).run())).toStartWith("unavailable: Shipping began again");
  });

  test("of a project that another node alone has is done, and of one that nobody has is refused", async () => {
    const unknown = refused("unknown_project", "there is no project");
    expect(await stage(SHIPPED, unknown).run()).toMatchObject({ ok: true, erased: { records: 0, shipped: 7 } });
    const none = stage({ isErased: true, records: 0, hasProject: false, touchpoints: [] }, unknown);
    expect(await none.run()).toEqual(unknown);
  });

  test("whose search is wrong asks nobody", async () => {
    const { calls, run } = stage(SHIPPED);
    expect(await run('level:"')).toMatchObject({ ok: false, refusal: { code: "bad_query" } });
    expect(calls).toEqual([]);
  });
});
