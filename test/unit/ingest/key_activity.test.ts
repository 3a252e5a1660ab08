import { describe, expect, test } from "bun:test";
import { KeyActivities } from "../../../src/ingest/key_activity.ts";

const SERVER = { name: "web shop", type: "server" } as const;
const CLIENT = { name: "web shop", type: "client" } as const;

function useOf(...keys: readonly (typeof SERVER | typeof CLIENT)[]): KeyActivities {
  const use = new KeyActivities([]);
  use.addKeys(keys, 1_000);
  return use;
}

function write(use: KeyActivities, now: number): unknown[] {
  const notes = use.staged(now);
  use.commit();
  return notes;
}

describe("the activity of keys", () => {
  test("is written once for a new key, with the time when it was first known", () => {
    const use = useOf(SERVER);
    expect([use.isDue(1_000), write(use, 1_000), use.isDue(1_000)]).toEqual([
      true,
      [{ ...SERVER, firstSeen: 1_000, lastUsed: undefined }],
      false,
    ]);
    use.addKeys([SERVER, CLIENT], 5_000);
    expect([write(use, 5_000), write(use, 9e9)]).toEqual([[{ ...CLIENT, firstSeen: 5_000, lastUsed: undefined }], []]);
  });

  test("is written with the first batch, and then once a minute at most", () => {
    const use = useOf(SERVER, CLIENT);
    use.use(SERVER, 2_000);
    expect(write(use, 2_000)).toEqual([
      { ...SERVER, firstSeen: 1_000, lastUsed: 2_000 },
      { ...CLIENT, firstSeen: 1_000, lastUsed: undefined },
    ]);
    use.use(SERVER, 30_000);
    use.use(SERVER, 61_999);
    expect([use.isDue(61_999), write(use, 61_999)]).toEqual([false, []]);
    expect([use.isDue(62_000), write(use, 62_000)]).toEqual([
      true,
      [{ ...SERVER, firstSeen: 1_000, lastUsed: 61_999 }],
    ]);
    expect(use.isDue(1e12)).toBe(false);
  });

  test("is written at once at the first use, also just after the key was written", () => {
    const use = useOf(SERVER);
    write(use, 1_000);
    use.use(SERVER, 1_500);
    expect(write(use, 1_500)).toEqual([{ ...SERVER, firstSeen: 1_000, lastUsed: 1_500 }]);
    use.use(SERVER, 2_500);
    expect(write(use, 2_500)).toEqual([]);
  });

  test("continues from the file", () => {
    const use = new KeyActivities([{ ...SERVER, firstSeen: 5, lastUsed: 7_000 }]);
    use.addKeys([CLIENT, SERVER], 10_000);
    use.use(SERVER, 8_000);
    expect(write(use, 10_000)).toEqual([{ ...CLIENT, firstSeen: 10_000, lastUsed: undefined }]);
    expect(write(use, 67_000)).toEqual([{ ...SERVER, firstSeen: 5, lastUsed: 8_000 }]);
  });

  test("stays with the key when its pair moves to another project", () => {
    const use = useOf(SERVER, SERVER);
    use.use({ ...SERVER }, 2_000);
    use.use(SERVER, 1_500);
    expect(write(use, 2_000)).toEqual([{ ...SERVER, firstSeen: 1_000, lastUsed: 2_000 }]);
  });
});

describe("the activity of keys is not delayed", () => {
  test("by a clock that was set back", () => {
    const use = useOf(SERVER);
    use.use(SERVER, 1e12);
    write(use, 1e12);
    use.use(SERVER, 1e12 + 5);
    expect(write(use, 5_000)).toEqual([{ ...SERVER, firstSeen: 1_000, lastUsed: 1e12 + 5 }]);
  });

  test("by a commit that failed: what was staged is staged again", () => {
    const use = useOf(SERVER);
    expect(use.staged(1_000)).toEqual(use.staged(1_000));
  });
});

describe("the activity of a key that has left the configuration", () => {
  test("is written as well: a batch of it was accepted", () => {
    const use = useOf(CLIENT);
    write(use, 1_000);
    use.use(SERVER, 2_000);
    expect(write(use, 2_000)).toEqual([{ ...SERVER, firstSeen: 2_000, lastUsed: 2_000 }]);
  });
});
