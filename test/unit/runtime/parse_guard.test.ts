import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { engineHash } from "#runtime/hash.ts";
import { ParseGuard, SAME_HASHES, SPARSE_NAMES } from "../../../src/runtime/parse_guard.ts";
import { cpuMsOf } from "../../support/cpu_ratio.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";
import {
  collidingName,
  collidingText,
  differentNames,
  objectText,
  ordinaryName,
} from "../../support/raw_collisions.ts";

const LINES = readFileSync(join(import.meta.dir, "../../fixtures/logs.ndjson"), "utf8").trim();

function escaped(text: string): string {
  return text.replaceAll(/./gs, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function refusalsOf(texts: readonly string[], random: Random): (string | undefined)[] {
  return texts.map((text) => new ParseGuard(random).refusal(text));
}

describe("a text is refused", () => {
  test.each([1_000, 5_000])("when %d different names have one hash, however they are written", (count) => {
    const random = seededRandom(runSeed("colliding names"));
    const names = differentNames(count, () => collidingName(random));
    const texts = [
      objectText(names),
      `[${names.map((name) => `{"metadata":{${JSON.stringify(name)} \n\t : "x:y"}}`).join()}]`,
      `{${names.map((name) => `"${escaped(name)}":1`).join()}}`,
      `{${names.map((name) => `"${name}"${" ".repeat(100)}:1`).join()}}`,
      `{${names.map((name) => `"${name}":"\\\\${"\\\\".repeat(20)}"`).join()}}`,
      `{${names.map((name) => `"${name}":"${'\\":'.repeat(20)}"`).join()}}`,
    ];
    expect(refusalsOf(texts, random)).toEqual(texts.map(() => SAME_HASHES));
  });

  test("when values have one hash that are short enough to be kept once, and not when they are longer", () => {
    const random = seededRandom(runSeed("colliding values"));
    const valuesOf = (length: number) => differentNames(20_000, () => collidingText(random, length));
    const text = (values: readonly string[]) => `[{"a":"${values.join('"},{"a":"')}"}]`;
    expect(refusalsOf([text(valuesOf(8)), text(valuesOf(16)), text(valuesOf(17))], random)).toEqual([
      SAME_HASHES,
      SAME_HASHES,
      undefined,
    ]);
  });

  test("when they are one in twenty of the members of a long text", () => {
    const random = seededRandom(runSeed("diluted names"));
    const names = differentNames(100_000, () => (random() < 0.05 ? collidingName(random) : ordinaryName(random)));
    expect(new ParseGuard(random).refusal(objectText(names))).toBe(SAME_HASHES);
  });

  test("when they stand at one place of a long text", () => {
    const random = seededRandom(runSeed("gathered names"));
    const names = differentNames(5_000, () => collidingName(random));
    const others = Array.from({ length: 100_000 }, (_, index) => `message ${index} of a long text`);
    const text = `["${others.join('","')}",${objectText(names)},"${others.join('","')}"]`;
    expect(new ParseGuard(random).refusal(text)).toBe(SAME_HASHES);
  });

  test("when their hashes are few, though no two names in a row have the same", () => {
    const random = seededRandom(runSeed("names of few hashes"));
    const names = Array.from({ length: 100_000 }, (_, index) => collidingText(random, 17 + (index % 64)));
    expect(new ParseGuard(random).refusal(objectText(names))).toBe(SAME_HASHES);
  });

  test("when quotes and backslashes stand in them", () => {
    const random = seededRandom(runSeed("escaped names"));
    const names = differentNames(2_000, () => `\\"${collidingText(random, 12)}\\`);
    expect(new ParseGuard(random).refusal(objectText(names))).toBeUndefined();
    const colliding = differentNames(2_000, () => collidingText(random, 12, '"\\'));
    expect(new ParseGuard(random).refusal(objectText(colliding))).toBe(SAME_HASHES);
  });

  test("when its objects have numbers as names that make the engine reserve much more than the text holds", () => {
    const random = seededRandom(runSeed("sparse names"));
    const texts = [
      '{"999":0}',
      '{"a":1,"500":[]}',
      '{"\\u0039\\u0039\\u0039":0}',
      '{"300" : {}}',
      '{"998":0,"999":0}',
    ].map((object) => `[${Array(20_000).fill(object).join()}]`);
    texts.push(`[${'{"999":['.repeat(20_000)}`);
    expect(refusalsOf(texts, random)).toEqual(texts.map(() => SPARSE_NAMES));
  });
});

describe("many small texts", () => {
  test.each([
    ["names", (names: readonly string[]) => objectText(names)],
    ["values", (names: readonly string[]) => `[{"v":"${names.join('"},{"v":"')}"}]`],
    ["escaped names", (names: readonly string[]) => objectText(names).replaceAll(/[\u0100-\uffff]/g, escaped)],
  ])("are refused when their %s have one hash, after a few of them", (_kind, make) => {
    const random = seededRandom(runSeed("small floods"));
    for (const size of [5, 40, 200]) {
      const guard = new ParseGuard(random);
      const texts = Array.from({ length: 20_000 / size }, () =>
        make(Array.from({ length: size }, () => collidingName(random))),
      );
      const taken = texts.filter((text) => guard.refusal(text) === undefined).length * size;
      expect({ size, isFew: taken < 6_000 }).toEqual({ size, isFew: true });
    }
  });

  test("are refused when each has but one of those, and taken with any other", () => {
    const random = seededRandom(runSeed("one a body"));
    const guard = new ParseGuard(random);
    const body = (name: string) => `{"entries":[{"message":"hello","metadata":{"userId":5,"${name}":1}}]}`;
    let taken = 0;
    for (let round = 0; round < 20_000; round++) {
      if (guard.refusal(body(collidingName(random))) === undefined) taken++;
      if (guard.refusal(body(ordinaryName(random))) !== undefined) throw new Error("an honest body was refused");
    }
    expect(taken).toBeLessThan(3_000);
  });

  test("cannot have a name refused that others use, even one of the same hash", () => {
    const random = seededRandom(runSeed("others' name"));
    const guard = new ParseGuard(random);
    const used = collidingName(random);
    const honest = () => guard.refusal(`{"entries":[{"message":"hello","metadata":{"${used}":${random()}}}]}`);
    const attack = () => guard.refusal(objectText(Array.from({ length: 50 }, () => collidingName(random))));
    let refused = 0;
    for (let round = 0; round < 2_000; round++) {
      attack();
      if (honest() !== undefined) refused++;
    }
    expect(refused).toBeLessThan(500);
    expect(Array.from({ length: 100 }, honest)).toEqual(Array(100).fill(undefined));
  });

  test("among which they are spread are taken as before", () => {
    const random = seededRandom(runSeed("honest among floods"));
    const guard = new ParseGuard(random);
    const flood = () => objectText(Array.from({ length: 200 }, () => collidingName(random)));
    const honest = [
      `{"entries":[${LINES.split("\n").slice(0, 20).join()}]}`,
      objectText(differentNames(50, () => ordinaryName(random))),
    ];
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      if (guard.refusal(flood()) !== undefined) refused++;
      expect(honest.map((text) => guard.refusal(text))).toEqual([undefined, undefined]);
    }
    expect(refused).toBeGreaterThan(280);
  });

  test("are refused when their objects have large numbers as names, once one was", () => {
    const random = seededRandom(runSeed("small sparse texts"));
    const guard = new ParseGuard(random);
    const small = `[${Array(50).fill('{"999":0}').join()}]`;
    expect(guard.refusal(`[${Array(2_000).fill('{"999":0}').join()}]`)).toBe(SPARSE_NAMES);
    expect(Array.from({ length: 100 }, () => guard.refusal(small))).toEqual(Array(100).fill(SPARSE_NAMES));
    expect(guard.refusal('{"entries":[{"metadata":{"200":5,"404":1,"500":7}}]}')).toBeUndefined();
  });

  test("are looked at as a whole no longer, once much that is honest has come since", () => {
    const random = seededRandom(runSeed("end of the alarm"));
    const guard = new ParseGuard(random);
    const names = (count: number) => objectText(Array.from({ length: count }, () => collidingName(random)));
    expect(guard.refusal(names(5_000))).toBe(SAME_HASHES);
    expect(guard.refusal(names(5))).toBe(SAME_HASHES);
    const honest = `{"entries":[${LINES.replaceAll("\n", ",")}]}`;
    for (let length = 0; length < 17 * 1024 * 1024; length += honest.length) {
      expect(guard.refusal(honest)).toBeUndefined();
    }
    expect(guard.refusal(names(5))).toBeUndefined();
  });
});

describe("a text is taken", () => {
  test("when its names are different and ordinary, however many", () => {
    const random = seededRandom(runSeed("ordinary names"));
    const names = [
      differentNames(100_000, () => ordinaryName(random)),
      Array.from({ length: 100_000 }, (_, index) => `name-${index}`),
      Array.from({ length: 100_000 }, (_, index) => `${index}`),
    ];
    expect(refusalsOf(names.map(objectText), random)).toEqual([undefined, undefined, undefined]);
  });

  test("when one name has that hash and repeats, or stands in longer texts", () => {
    const random = seededRandom(runSeed("repeated names"));
    const names = differentNames(200, () => collidingName(random));
    const texts = [
      `[${Array(10_000).fill(`{"${names[0]}":1}`).join()}]`,
      `["${names.join(" ")}","${"x".repeat(20_000)}"]`,
    ];
    expect(refusalsOf(texts, random)).toEqual([undefined, undefined]);
  });

  test("when it is of real lines, or is no JSON at all", () => {
    const texts = [
      `[${LINES.replaceAll("\n", ",").repeat(20)}]`,
      ...[":", '":', "\\", '\\":', '"', "{", '{"a"', "\ud800", '"\\'].map((piece) => piece.repeat(50_000)),
      "",
      '"',
    ];
    expect(refusalsOf(texts, Math.random)).toEqual(texts.map(() => undefined));
  });

  test("when 10,000 entries have 20 of 256 names, or counts by status, or long lists by number", () => {
    const random = seededRandom(runSeed("honest numbers"));
    const name = () => `field_${Math.floor(random() * 256)}`;
    const counts = () => `{"200":${Math.floor(random() * 1e4)},"404":2,"503":${Math.floor(random() * 9)}}`;
    const list = (size: number) => objectText(Array.from({ length: size }, (_, index) => `${index}`));
    const entries = (count: number, metadata: () => string) =>
      `{"entries":[${Array.from({ length: count }, () => `{"touchpoint":"api/status","metadata":${metadata()}}`).join()}]}`;
    const texts = [
      entries(10_000, () => objectText(Array.from({ length: 20 }, name))),
      entries(10_000, counts),
      entries(1, counts),
      entries(400, () => list(999)),
      list(400_000),
      entries(5_000, () => `{"by id":{"7":{"n":1},"300":{"n":2},"301":{"n":3},"999":{"n":4}}}`),
    ];
    expect(refusalsOf(texts, random)).toEqual(texts.map(() => undefined));
  });
});

describe("the hash", () => {
  test("is the one by which the engine finds its strings", () => {
    const random = seededRandom(runSeed("engine hash"));
    expect(new Set(Array.from({ length: 100 }, () => engineHash(collidingName(random)))).size).toBe(1);
    const text = (make: (random: Random) => string) =>
      `["${Array.from({ length: 5_000 }, () => make(random)).join('","')}"]`;
    const [ordinary, colliding] = [text(ordinaryName), text(collidingName)];
    JSON.parse(ordinary);
    const ordinaryMs = cpuMsOf(() => JSON.parse(ordinary));
    expect(cpuMsOf(() => JSON.parse(colliding)) / ordinaryMs).toBeGreaterThan(10);
  });

  test("of letters beyond ASCII is that of their Latin-1 or UTF-16", () => {
    // The zero product of collidingName, in Latin-1: the same eight bytes of the constant.
    const constant = String.fromCharCode(0xc9, 0xac, 0x2e, 0x96, 0x93, 0x4b, 0xb8, 0x8b);
    const names = ["12345678", "abcdefgh", "ÿÿÿÿÿÿÿÿ"].map((free) => `xyz${constant}${free}`);
    expect(new Set(names.map(engineHash)).size).toBe(1);
  });
});

describe("the look at a text takes at most so long as its length asks for", () => {
  const PIECES: readonly string[] = [
    '\\":',
    " ",
    '"',
    "\\",
    ":",
    '\\"',
    '" ',
    '"":',
    '"a":1,',
    '{"1":',
    '{"999":0},',
    '{"999":',
    "[",
    '"\\u0041":1,',
    "ā",
    'ā":',
    `"${" ".repeat(63)}`,
    `"${"\\\\".repeat(500)}":1,`,
    `"${"a".repeat(5_000)}":`,
    '"a"\t\n:',
    JSON.stringify(JSON.stringify({ a: [{ b: "c\\" }] })).slice(1, -1),
  ];

  test.each(["", '{"a":"', '{"a"'])("of pieces that repeat after %j, with an alarm and without", (beginning) => {
    const random = seededRandom(runSeed("linear work"));
    for (const piece of PIECES) {
      for (const isAlarmed of [false, true]) {
        const guard = new ParseGuard(random);
        if (isAlarmed) guard.refusal(objectText(differentNames(1_000, () => collidingName(random))));
        const text = beginning + piece.repeat(5_000_000 / piece.length);
        const ms = cpuMsOf(() => guard.refusal(text));
        // It takes 1 to 40 ms, and took 4 to 21 s.
        expect([piece, isAlarmed, ms < 1_000]).toEqual([piece, isAlarmed, true]);
      }
    }
  });
});

describe("what is remembered of texts", () => {
  /** Bytes that are still held, of what a work leaves. */
  function heldAfter(work: () => unknown): number {
    Bun.gc(true);
    const before = heapStats().extraMemorySize;
    const held = work();
    Bun.gc(true);
    const bytes = heapStats().extraMemorySize - before;
    expect(held).toBeDefined();
    return bytes;
  }

  test.each([1_000, 100_000, 1_000_000])("keeps none of them alive: of %d characters each", (length) => {
    const random = seededRandom(runSeed("texts let go"));
    const bytes = heldAfter(() => {
      const guard = new ParseGuard(random);
      for (let left = 100_000_000; left > 0; left -= length) {
        const names = Array.from({ length: 40 }, () => Math.floor(random() * 1e9).toString(36));
        const body = `{${names.map((name) => `"${name}":"${"x".repeat(length / 40)}"`).join()}}`;
        // In one piece of its own, as a body that came.
        guard.refusal(Buffer.from(body).toString());
      }
      return guard;
    });
    expect(bytes).toBeLessThan(4_000_000);
  });

  test("nor does what is remembered under an alarm", () => {
    const random = seededRandom(runSeed("texts let go under an alarm"));
    const bytes = heldAfter(() => {
      const guard = new ParseGuard(random);
      for (let text = 0; text < 200; text++) {
        const names = differentNames(200, () => collidingName(random));
        guard.refusal(Buffer.from(`[${objectText(names)},"${"x".repeat(200_000)}"]`).toString());
      }
      return guard;
    });
    expect(bytes).toBeLessThan(4_000_000);
  });
});
