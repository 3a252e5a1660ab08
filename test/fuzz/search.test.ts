// Random records in a block, and random searches: the evaluator against a naive model, and pruning against both. Random
// texts are parsed or refused with a place, and never throw.

import { expect, test } from "bun:test";
import { countedFlags, keyTypeCodeOf, kindCodeOf, levelCodeOf, packFlags } from "../../src/block/codec/flags.ts";
import { readBlockFilters } from "../../src/block/filter/block_filters.ts";
import { OpenBlock } from "../../src/block/open_block.ts";
import { METADATA_COLUMNS_MAX } from "../../src/core/limits.ts";
import { KINDS, LEVELS, type ShownRecord, SOURCES, type StoredRecord, showRecord } from "../../src/core/record.ts";
import { matchRows } from "../../src/query/match/evaluate.ts";
import { canSkipBlock, type Filters, matchCell, type PruningInput } from "../../src/query/match/prune.ts";
import type { Expression } from "../../src/search/expression.ts";
import { parseSearch } from "../../src/search/parser.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { sourceOf } from "../unit/query/match/search_block.ts";
import { hasText, type ModelSearch, randomSearch, type Vocabulary } from "./search_model.ts";

const BLOCKS = 100;
const SEARCHES = 60;
const READINGS = 20_000;

const VOCABULARY: Vocabulary = {
  texts: [
    ..."a b ab Order order_1 req-1 5 true null 1.5 ORD/x OR AND 日本語 Größe GRÖẞE ΟΔΟΣ ΟΔΟΣΑ ας ΧΡΗΣΤΗΣ:admin \u212aelvin İstanbul ıI ſS µΜ \u2126 ǅ ᏸᏰ ᲂо \u1fd3\u0390 \ud801\udc00\ud801\udc28 NOT 🎉x".split(
      " ",
    ),
    "",
    'say "hi"',
    "line\nbreak\u0001",
    "C:\\temp\\",
    "a, (b) c*",
    "\u2028",
    "<b>",
    "1..5",
  ],
  names: ["a", "b", "a.b", "", "odd name", "back\\slash", '"', "é", "constructor", "__proto__", "length", "late", "f1"],
  numbers: [0, -0, 1, 5, 1.5, -3, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 100, 200],
  touchpoints: ["api/orders", "api/orders/submit", "api", "ΟΔΟΣ/a", "İ", "web shop/a", "5"],
  apiKeys: ["web shop", "worker", "ü"],
  projects: ["shop", "blog", "sh"],
  wholeNumbers: [0, 1, 2, 5, 10, 20, 40, 1_000, 86_400_000, 1_718_900_000_000, 1_718_900_000_000.5],
};

function randomValue(random: Random, depth: number): unknown {
  const kind = random();
  if (depth > 0 && kind < 0.15) return Array.from({ length: integer(random, 3) }, () => randomValue(random, depth - 1));
  if (depth > 0 && kind < 0.35) return randomObject(random, depth - 1);
  if (kind < 0.6) return pick(random, VOCABULARY.numbers);
  return kind < 0.7 ? pick(random, [true, false, null]) : pick(random, VOCABULARY.texts);
}

function randomObject(random: Random, depth: number): Record<string, unknown> {
  const members = Array.from({ length: integer(random, 4) }, () => [
    pick(random, VOCABULARY.names),
    randomValue(random, depth),
  ]);
  return Object.fromEntries(members) as Record<string, unknown>;
}

function countedOf(record: StoredRecord): number {
  return countedFlags(packFlags(record), keyTypeCodeOf(record.keyType));
}

function randomRecord(random: Random, id: number): StoredRecord {
  const kind = pick(random, KINDS);
  const maybe = <T>(share: number, make: () => T): T | undefined => (random() < share ? make() : undefined);
  const time = () => pick(random, VOCABULARY.wholeNumbers);
  const isTiming = kind !== "log";
  return {
    id,
    kind,
    time: time(),
    receivedAt: time(),
    source: pick(random, SOURCES),
    keyType: pick(random, [undefined, ...SOURCES]),
    apiKey: pick(random, VOCABULARY.apiKeys),
    touchpoint: maybe(0.6, () => pick(random, VOCABULARY.touchpoints)),
    key: maybe(0.4, () => pick(random, VOCABULARY.texts)),
    level: isTiming ? maybe(0.3, () => pick(random, LEVELS)) : pick(random, LEVELS),
    message: maybe(0.6, () => `${pick(random, VOCABULARY.texts)}${pick(random, VOCABULARY.texts)}`),
    startTime: isTiming ? maybe(0.7, time) : undefined,
    endTime: isTiming ? maybe(0.7, time) : undefined,
    duration: isTiming ? maybe(0.7, () => Math.abs(pick(random, VOCABULARY.numbers))) : undefined,
    metadata: maybe(0.6, () => randomObject(random, 3)),
  };
}

/** Sometimes of one kind only, and sometimes with more metadata fields than have columns. */
function randomRecords(random: Random): StoredRecord[] {
  const records = Array.from({ length: 1 + integer(random, pick(random, [0, 3, 60])) }, (_, index) =>
    randomRecord(random, index + 2),
  );
  const alike =
    random() < 0.3 ? records.filter((one) => countedOf(one) === countedOf(records[0] as StoredRecord)) : records;
  if (random() < 0.7) return alike;
  const crowd = Object.fromEntries(
    Array.from({ length: METADATA_COLUMNS_MAX - 3 }, (_, index) => [`f${index}`, index]),
  );
  return [{ ...randomRecord(random, 1), metadata: crowd }, ...alike];
}

function factsOf(
  random: Random,
  records: readonly StoredRecord[],
  shown: readonly ShownRecord[],
  project: string,
): PruningInput {
  const cells = records.map((one) => ({ touchpoint: one.touchpoint, flags: countedOf(one) }));
  const bounds = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;
  const [timeMin, timeMax] = bounds(records.map(({ time }) => time));
  const [receivedMin, receivedMax] = bounds(records.map(({ receivedAt }) => receivedAt));
  const [idMin, idMax] = bounds(records.map(({ id }) => id));
  return {
    project,
    timeMin,
    timeMax,
    receivedMin,
    receivedMax,
    idMin,
    idMax,
    cells: random() < 0.5 ? cells : undefined,
    filters: random() < 0.5 ? () => exactFilters(shown) : undefined,
    hasKind: (kind) => cells.some(({ flags }) => kindCodeOf(flags) === kind),
    hasLevel: (level) => cells.some(({ flags }) => levelCodeOf(flags) === level),
  };
}

function withoutMessage(shown: ShownRecord): ShownRecord {
  const rest = { ...shown };
  delete rest.message;
  return rest;
}

/** What filters without a mistake would say. */
function exactFilters(shown: readonly ShownRecord[]): Filters {
  const inMessages = (needle: string) => shown.some(({ message }) => hasText({ message } as ShownRecord, needle));
  const beside = (needle: string) => shown.some((one) => hasText(withoutMessage(one), needle));
  return {
    mayContain: (needle) => inMessages(needle) || beside(needle),
    mayContainInMessages: inMessages,
    mayContainOutsideMessages: beside,
  };
}

function read({ text }: ModelSearch): Expression {
  const parsed = parseSearch(text);
  if (!parsed.ok) throw new Error(`${JSON.stringify(text)}: ${JSON.stringify(parsed.problem)}`);
  return parsed.search;
}

/** Whether statistics decide for every cell: by the kinds of terms alone. */
function isDecidedByCells(search: Expression): boolean {
  if (search.kind === "and" || search.kind === "or") return search.members.every(isDecidedByCells);
  if (search.kind === "not") return isDecidedByCells(search.member);
  if (search.kind === "exact") return search.field === "project" || search.field === "touchpoint";
  return search.kind === "all" || search.kind === "choice";
}

test("the evaluator matches what a naive filter matches, and pruning is never wrong", () => {
  const seed = runSeed("search");
  const random = seededRandom(seed);
  const seen = { matching: 0, decided: 0, skipped: 0, skippable: 0 };
  for (let count = 0; count < BLOCKS; count++) {
    const project = pick(random, VOCABULARY.projects);
    const records = randomRecords(random);
    const shown = records.map((one) => showRecord(project, one));
    const form = pick(random, ["packed", "columnar", "parts"] as const);
    const source = sourceOf(records, form);
    const filters = readBlockFilters(source, records.length) ?? undefined;
    for (let query = 0; query < SEARCHES; query++) {
      const model = randomSearch(random, VOCABULARY);
      const search = read(model);
      const expected = shown.map((one) => model.matches(one));
      const rows = matchRows(search, new OpenBlock(source, records.length), project, () => filters);
      const difference = expected.findIndex((isMatch, row) => isMatch !== (rows[row] === 1));
      expect({ seed, text: model.text, form, record: shown[difference] }).toEqual({
        seed,
        text: model.text,
        form,
        record: undefined,
      });

      for (const [row, one] of records.entries()) {
        const cellMatch = matchCell(search, { project, flags: countedOf(one), touchpoint: one.touchpoint });
        if (cellMatch === undefined) expect(isDecidedByCells(search)).toBe(false);
        else expect({ text: model.text, cellMatch }).toEqual({ text: model.text, cellMatch: expected[row] === true });
        if (cellMatch !== undefined) seen.decided++;
      }

      const facts = factsOf(random, records, shown, project);
      const isSkipped = canSkipBlock(search, facts);
      const isNone = !expected.includes(true);
      if (isSkipped) expect({ seed, text: model.text, isNone }).toEqual({ seed, text: model.text, isNone: true });
      // Cells say all there is to know of such a search.
      if (isNone && facts.cells !== undefined && isDecidedByCells(search)) expect(isSkipped).toBe(true);
      seen.matching += expected.filter((isMatch) => isMatch).length;
      seen.skipped += isSkipped ? 1 : 0;
      seen.skippable += isNone ? 1 : 0;
    }
  }
  // The comparison is worth something: many records match, many cells decide, many blocks are skipped.
  expect(seen.matching).toBeGreaterThan(BLOCKS * SEARCHES);
  expect(seen.decided).toBeGreaterThan(BLOCKS * SEARCHES);
  expect(seen.skipped).toBeGreaterThan(seen.skippable / 4);
}, 180_000);

test("any text is parsed, or refused with a position inside it", () => {
  const random = seededRandom(runSeed("search texts"));
  const bits =
    'a " \\ ( ) - OR AND : , * .. > >= < level: metadata. metadata." key:x time: 1 2026-01-31 T12:00Z \ud800 é 🎉 \t'.split(
      " ",
    );
  for (let count = 0; count < READINGS; count++) {
    const text = Array.from({ length: integer(random, 12) }, () => pick(random, [...bits, " ", " "])).join("");
    const parsed = parseSearch(text);
    if (parsed.ok) continue;
    const { at, length, message } = parsed.problem;
    expect(message.length).toBeGreaterThan(10);
    expect({ text, isInside: at >= 0 && length > 0 && at + length <= text.length }).toEqual({ text, isInside: true });
  }
});
