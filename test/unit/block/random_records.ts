// Random records for tests of blocks, with the texts, numbers and names that break things.

import { appendRecord, type Columns, emptyColumns } from "../../../src/block/columns.ts";
import { type Source } from "../../../src/core/entry.ts";
import { KINDS, LEVELS, SOURCES, type StoredRecord } from "../../../src/core/record.ts";
import { integer, pick, type Random } from "../../support/random.ts";

export const TEXTS = [
  "",
  "a",
  "ünïcödé 🎉",
  "\u0000nul\u0000",
  "line\nbreak",
  "\uFFFD",
  "\uFEFFbom",
  "x".repeat(5_000),
  "日本語",
];
export const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e-7,
  247.7829,
  2 ** 51,
  2 ** 53,
  -(2 ** 53),
  1.7976931348623157e308,
  5e-324,
  1e21,
];
const TIMES = [0, 0.5, 1718900000000, 1718900000000.123, 8.64e15, 1718900086400000 % 1e13];

export function randomValue(random: Random, depth = 0): unknown {
  const kind = integer(random, depth > 2 ? 4 : 6);
  if (kind === 0) return pick(random, TEXTS);
  if (kind === 1) return pick(random, NUMBERS);
  if (kind === 2) return random() < 0.5;
  if (kind === 3) return null;
  if (kind === 4) return integer(random, 1000);
  if (kind === 5) return Array.from({ length: integer(random, 3) }, () => randomValue(random, depth + 1));
  return randomObject(random, depth + 1);
}

function randomObject(random: Random, depth = 0, names = 6): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let count = integer(random, 5); count > 0; count--) {
    const name =
      random() < 0.1
        ? pick(random, ["__proto__", "", "constructor", "*", "id", "ünï", "a.b"])
        : `f${integer(random, names)}`;
    Object.defineProperty(object, name, {
      value: randomValue(random, depth),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

/** By turns none, as the source, all of one kind, and any: what blocks have of each other's neighbours. */
function keyTypeFor(random: Random, id: number, source: Source): Source | undefined {
  return [undefined, source, "client" as const, pick(random, [undefined, ...SOURCES])][Math.floor(id / 30) % 4];
}

/** A record whose fields are the odd ones; `names` bounds how many metadata names there are. */
export function randomRecord(random: Random, id: number, names = 6): StoredRecord {
  const maybe = <T>(value: T): T | undefined => (random() < 0.5 ? value : undefined);
  const source = pick(random, SOURCES);
  return {
    id,
    kind: pick(random, KINDS),
    time: pick(random, TIMES),
    receivedAt: 1718900000000 + integer(random, 10_000),
    source,
    keyType: keyTypeFor(random, id, source),
    apiKey: pick(random, ["web shop", "worker", "ü"]),
    touchpoint: maybe(pick(random, ["a/b", "a/c", "z", "日本"])),
    key: maybe(pick(random, TEXTS)),
    level: pick(random, LEVELS),
    message: maybe(pick(random, TEXTS)),
    startTime: maybe(pick(random, TIMES)),
    endTime: maybe(pick(random, TIMES)),
    duration: maybe(Math.abs(pick(random, NUMBERS))),
    metadata: maybe(randomObject(random, 0, names)),
  };
}

export function columnsOf(records: readonly StoredRecord[]): Columns {
  const columns = emptyColumns();
  for (const record of records) appendRecord(columns, record.id, record);
  return columns;
}
