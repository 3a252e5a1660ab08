import { describe, expect, test } from "bun:test";
import { FakeSource, NOW, runReading } from "./reading.ts";

const ROW = {
  received: 0,
  stored: 0,
  admitted: 0,
  dropped: {},
  limit: null,
  overage: 0,
  overagePolicy: "continue",
  ambiguous: 0,
  bytes: 0,
};
const ANSWER = {
  usage: [
    {
      ...ROW,
      project: "shop",
      month: "2026-01",
      received: 1_300_012,
      stored: 1_300_000,
      admitted: 1_300_000,
      dropped: { quota: 2, duplicate: 10, empty: 0 },
      limit: 1_000_000,
      overage: 300_000,
      bytes: 15_000_000,
    },
    { ...ROW, project: "web", month: "2026-01", received: 95, stored: 95, admitted: 95, limit: 100, bytes: 2_000 },
    { ...ROW, project: "default", month: "2025-12", received: 3, stored: 3, admitted: 3, bytes: 512 },
  ],
  storage: [
    { project: "default", records: 3, blocks: 1, bytes: 512, retentionMs: 2_592_000_000, oldest: NOW - 1, newest: NOW },
    { project: "new", records: 0, blocks: 0, bytes: 0, retentionMs: 7_776_000_000, oldest: null, newest: null },
  ],
};

describe("usage", () => {
  test("is a table of months, and one of the stored records", async () => {
    const source = new FakeSource([ANSWER]);
    const { out, err, error } = await runReading(source, ["usage"]);
    expect([err, error, source.queries, source.isClosed]).toEqual(["", undefined, [{ kind: "usage" }], true]);
    expect(out.split("\n")).toEqual([
      "MONTH    PROJECT   RECEIVED     STORED      LIMIT   USED  OVERAGE   ON DISK  DROPPED",
      "2026-01  shop     1,300,012  1,300,000  1,000,000  130 %  300,000  14.3 MiB  12 (duplicate 10, quota 2)",
      "2026-01  web             95         95        100   95 %        0   2.0 KiB  0",
      "2025-12  default          3          3          -      -        -     512 B  0",
      "",
      "PROJECT  RECORDS  BLOCKS  ON DISK  KEPT  OLDEST                   NEWEST",
      "default        3       1    512 B  30 d  2026-01-31 11:59:59.999  2026-01-31 12:00:00.000",
      "new            0       0      0 B  90 d  -                        -",
      "",
    ]);
  });

  test("has a column of ambiguous pairs where there are any", async () => {
    const [shop, web] = ANSWER.usage;
    const source = new FakeSource([{ usage: [{ ...shop, ambiguous: 1_204 }, web], storage: [] }]);
    const { out } = await runReading(source, ["usage"]);
    expect(out.split("\n").slice(0, 3)).toEqual([
      "MONTH    PROJECT   RECEIVED     STORED      LIMIT   USED  OVERAGE   ON DISK  AMBIGUOUS  DROPPED",
      "2026-01  shop     1,300,012  1,300,000  1,000,000  130 %  300,000  14.3 MiB      1,204  12 (duplicate 10, quota 2)",
      "2026-01  web             95         95        100   95 %        0   2.0 KiB          0  0",
    ]);
  });

  test("of one project has only its rows, as JSON too", async () => {
    const { out } = await runReading(new FakeSource([ANSWER]), ["usage", "--project", "web", "--json"]);
    expect(JSON.parse(out)).toEqual({ usage: [ANSWER.usage[1]], storage: [] });
  });

  test("says that there is no usage", async () => {
    const nothing = { usage: [], storage: [] };
    expect((await runReading(new FakeSource([nothing]), ["usage"])).out).toBe("nothing was received yet\n");
    expect((await runReading(new FakeSource([ANSWER]), ["usage", "--project", "x"])).out).toBe(
      'nothing was received yet for project "x"\n',
    );
  });

  test("is coloured if a limit is near or exceeded", async () => {
    const { out } = await runReading(new FakeSource([ANSWER]), ["usage", "--color", "always"]);
    expect(out).toContain("  \u001b[31m130 %\u001b[39m  ");
    expect(out).toContain("   \u001b[33m95 %\u001b[39m  ");
  });
});
