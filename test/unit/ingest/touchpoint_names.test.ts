import { describe, expect, test } from "bun:test";
import { keyTypeCodeOf } from "../../../src/block/codec/flags.ts";
import type { ListedTouchpoint } from "../../../src/commit/group_write.ts";
import type { Source } from "../../../src/core/entry.ts";
import { CLIENT_TOUCHPOINTS_MAX, TOUCHPOINTS_MAX } from "../../../src/core/limits.ts";
import { TOUCHPOINT_LENGTH_MAX } from "../../../src/core/touchpoint.ts";
import { TouchpointNames } from "../../../src/ingest/touchpoint_names.ts";
import { cpuRatio } from "../../support/cpu_ratio.ts";
import { seededRandom } from "../../support/random.ts";
import { collidingName, differentNames, ordinaryName } from "../../support/raw_collisions.ts";

const SEED = [1, 2] as const;

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** The list that the updates make, as the file has it. */
class List {
  readonly names: TouchpointNames;
  readonly rows = new Map<string, boolean>();

  constructor(listed: readonly ListedTouchpoint[] = []) {
    this.names = new TouchpointNames(listed, SEED);
    for (const { name, isClientOnly = false } of listed) this.rows.set(name, isClientOnly);
  }

  addRecords(keyType: Source | undefined, names: readonly (string | undefined)[]): this {
    this.names.addRecords("a", names, new Uint8Array(names.length).fill(keyTypeCodeOf(keyType)), 5);
    for (const { name, change } of this.names.staged()) {
      if (change === "removed") this.rows.delete(name);
      else this.rows.set(name, change === "client");
    }
    this.names.commit();
    return this;
  }

  get clients(): number {
    return [...this.rows.values()].filter(Boolean).length;
  }
}

describe("touchpoint names", () => {
  test("are written once for each project, and not if the file has them", () => {
    const names = new TouchpointNames([{ project: "a", name: "old" }], SEED);
    names.addRecords("a", ["old", "new", undefined, "new"], [1, 1, 1, 1], 5);
    names.addRecords("b", ["old"], [2], 6);
    expect(names.staged()).toEqual([
      { project: "a", name: "new", firstSeen: 5, change: "server" },
      { project: "b", name: "old", firstSeen: 6, change: "client" },
    ]);
    names.commit();
    names.addRecords("a", ["new"], [2], 7);
    expect(names.staged()).toEqual([]);
  });

  test("are new again once they were removed from the list, and not new once they were registered", () => {
    const names = new TouchpointNames([{ project: "a", name: "old" }], SEED);
    names.remove("a", "old");
    names.remove("b", "never");
    names.add("b", "registered");
    names.addRecords("a", ["old"], [1], 5);
    names.addRecords("b", ["registered"], [1], 6);
    expect(names.staged()).toEqual([{ project: "a", name: "old", firstSeen: 5, change: "server" }]);
  });

  test("are bounded in each project", () => {
    const names = new TouchpointNames([], SEED);
    const many = numbered("t", TOUCHPOINTS_MAX + 5);
    names.addRecords("a", many, new Uint8Array(many.length).fill(1), 1);
    names.addRecords("b", ["t"], [1], 1);
    expect(names.staged().length).toBe(TOUCHPOINTS_MAX + 1);
  });

  test("are listed up to 512 characters, from any sender", () => {
    const fitting = ["x".repeat(TOUCHPOINT_LENGTH_MAX), "é".repeat(TOUCHPOINT_LENGTH_MAX), "\u{1f389}".repeat(256)];
    const list = new List();
    for (const keyType of ["server", "client", undefined] as const) {
      list.addRecords(keyType, ["y".repeat(TOUCHPOINT_LENGTH_MAX + 1), "/".repeat(5_000_000), "\u{1f389}".repeat(257)]);
    }
    expect([...list.addRecords("client", fitting).rows.keys()]).toEqual(fitting);
  });

  test("of client keys alone fill half of the list, and servers' names have room beyond them", () => {
    const list = new List().addRecords("client", numbered("junk", 20_000));
    expect(list.rows.size).toBe(CLIENT_TOUCHPOINTS_MAX);
    list.addRecords("server", numbered("real", TOUCHPOINTS_MAX));
    expect([list.rows.size, list.clients]).toEqual([TOUCHPOINTS_MAX, 0]);
    list.addRecords("client", ["one more"]).addRecords("server", ["one more"]);
    expect([list.rows.size, list.rows.has("one more")]).toEqual([TOUCHPOINTS_MAX, false]);
  });

  test("of client keys make room, the latest first", () => {
    const list = new List()
      .addRecords("client", numbered("c", 100))
      .addRecords("server", numbered("s", TOUCHPOINTS_MAX - 100));
    list.addRecords("server", ["new", "newer"]);
    expect([list.rows.has("new"), list.rows.has("newer"), list.rows.has("c99"), list.rows.has("c98")]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([list.rows.size, list.clients, list.rows.has("c97")]).toEqual([TOUCHPOINTS_MAX, 98, true]);
  });

  test("that a server sends later count as a server's, and leave room for others of client keys", () => {
    const list = new List()
      .addRecords("client", numbered("c", CLIENT_TOUCHPOINTS_MAX + 1))
      .addRecords("server", ["c0", "c1", "c0"]);
    expect([list.clients, list.rows.get("c0")]).toEqual([CLIENT_TOUCHPOINTS_MAX - 2, false]);
    list.addRecords("client", ["c0", "new", "newer", "newest"]);
    expect([list.clients, list.rows.get("c0"), list.rows.has("newest")]).toEqual([
      CLIENT_TOUCHPOINTS_MAX,
      false,
      false,
    ]);
  });

  test("of client keys make room after a restart, too", () => {
    const listed = numbered("junk", TOUCHPOINTS_MAX).map((name) => ({ project: "a", name, isClientOnly: true }));
    const list = new List(listed).addRecords("client", ["more junk"]).addRecords("server", ["real"]);
    expect([list.rows.has("more junk"), list.rows.has("real"), list.rows.size]).toEqual([false, true, TOUCHPOINTS_MAX]);
  });

  test("with one hash of the engine cost no more than others", () => {
    const random = seededRandom(1);
    const seen = (names: readonly string[]) => {
      const list = new TouchpointNames([], SEED);
      for (let time = 0; time < 2; time++) list.addRecords("a", names, new Uint8Array(names.length).fill(1), 1);
      expect(list.staged().length).toBe(names.length);
    };
    const colliding = differentNames(5_000, () => collidingName(random));
    const ordinary = differentNames(5_000, () => ordinaryName(random));
    expect(
      cpuRatio(
        () => seen(colliding),
        () => seen(ordinary),
        8,
      ),
    ).toBeLessThan(8);
  });
});
