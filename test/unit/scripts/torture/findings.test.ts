import { describe, expect, test } from "bun:test";
import { Findings, findingsTable } from "../../../../scripts/src/torture/findings.ts";
import { answersBeforeSync } from "../../../../scripts/src/torture/fsync.ts";

const WRITE = "11 pwrite64(12</tmp/a/simplelogs.db-wal>, ..., 4120, 32) = 4120";
const SYNC = "11 fdatasync(12</tmp/a/simplelogs.db-wal>) = 0";
const SYNC_BEGUN = "11 fdatasync(12</tmp/a/simplelogs.db-wal> <unfinished ...>";
const SYNC_ENDED = "11 <... fdatasync resumed>)             = 0";
const OTHER_SYNC = "11 fdatasync(9</tmp/a/simplelogs.db>) = 0";
const ANSWER = '10 sendto(20<socket:[5]>, "HTTP/1.1 202 Acc"..., 180, MSG_NOSIGNAL, NULL, 0) = 180';

function countsOf(...lines: readonly string[]) {
  return answersBeforeSync(lines.join("\n"));
}

describe("an answer counts as synced", () => {
  test("when the log was written and synced before it", () => {
    expect(countsOf(WRITE, SYNC, ANSWER, WRITE, WRITE, SYNC, ANSWER)).toEqual({ answers: 2, early: 0 });
  });

  test("when the sync began, and ended, before it, with other calls in between", () => {
    expect(countsOf(WRITE, SYNC_BEGUN, "10 write(1) = 1", SYNC_ENDED, ANSWER)).toEqual({ answers: 1, early: 0 });
  });
});

describe("an answer counts as early", () => {
  test("when nothing was synced, something else was, or the sync had not ended", () => {
    for (const lines of [
      [WRITE, ANSWER],
      [WRITE, OTHER_SYNC, ANSWER],
      [WRITE, SYNC_BEGUN, ANSWER],
      [SYNC, WRITE, ANSWER],
    ]) {
      expect(countsOf(...lines)).toEqual({ answers: 1, early: 1 });
    }
  });

  test("when nothing was written since the one before", () => {
    expect(countsOf(WRITE, SYNC, ANSWER, ANSWER)).toEqual({ answers: 2, early: 1 });
  });
});

describe("what was found", () => {
  test("is counted in full, printed in part, and a row of the table", () => {
    const findings = new Findings("kill -9, sync");
    findings.rounds = 200;
    findings.entries = 12_345;
    findings.add("lost", "round 1", ["a", "b", "c", "d"]);
    findings.add("twice", "round 2", []);
    findings.expect(true, "round 3", "nothing");
    findings.expect(false, "round 3", "ids do not grow");
    expect(findings.broken).toEqual([
      'kill -9, sync, round 1: lost: "a", "b", "c" and 1 more',
      'kill -9, sync, round 3: other: "ids do not grow"',
    ]);
    const lines = findingsTable([findings]).split("\n");
    const cells = lines.map((line) => line.split("|").map((cell) => cell.trim()));
    expect(cells[0]?.slice(1, 8)).toEqual(["", "rounds", "kills", "batches", "entries", "lost", "twice"]);
    expect(cells[2]?.slice(1, 8)).toEqual(["kill -9, sync", "200", "0", "0", "12,345", "4", "0"]);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });
});
