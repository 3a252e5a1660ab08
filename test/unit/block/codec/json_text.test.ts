import { describe, expect, test } from "bun:test";
import { forEachLeaf, forEachMember, leafTextAt, stringAt, valueAt } from "../../../../src/block/codec/json_text.ts";
import { OverflowMembers } from "../../../../src/block/codec/overflow_metadata.ts";
import { integer, runSeed, seededRandom } from "../../../support/random.ts";
import { randomValue } from "../random_records.ts";

const random = seededRandom(runSeed("JSON text"));

function randomObject(): Record<string, unknown> {
  const names = ["a", "", "__proto__", 'q"uote', "back\\slash", "ünï🦊", "line\nbreak", "a.b"];
  const object: Record<string, unknown> = {};
  for (const name of names) {
    if (random() < 0.5) continue;
    const value = random() < 0.2 ? `"${"\\".repeat(integer(random, 4))}"` : randomValue(random);
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

function leavesOf(value: unknown): string[] {
  if (value === null || typeof value !== "object") return [typeof value === "string" ? value : JSON.stringify(value)];
  return Object.values(value).flatMap(leavesOf);
}

describe("JSON text is looked through without making objects", () => {
  test("members, values and leaves are those of the object", () => {
    for (let round = 0; round < 2_000; round++) {
      const object = JSON.parse(JSON.stringify(randomObject())) as Record<string, unknown>;
      const text = `xx${JSON.stringify(object)}yy`;
      const members: [string, unknown][] = [];
      forEachMember(text, 2, text.length - 2, (nameFrom, nameTo, from, to) => {
        members.push([stringAt(text, nameFrom, nameTo), valueAt(text, from, to)]);
      });
      expect(members).toEqual(Object.entries(object));
      const leaves: string[] = [];
      forEachLeaf(text, 2, text.length - 2, (from, to) => leaves.push(leafTextAt(text, from, to)));
      expect(leaves).toEqual(leavesOf(object));
    }
  });

  test("what is no object, or cut, is refused", () => {
    for (const text of ["", "[]", "{", '{"a"}', '{"a":}', '{"a":1', '{"a:1}', '{"a":1"b":2}', "{a:1}"]) {
      expect(() => forEachMember(text, 0, text.length, () => undefined)).toThrow(RangeError);
    }
  });
});

describe("members of metadata without columns", () => {
  test("are found by name and by row, as the objects have them", () => {
    const objects = Array.from({ length: 200 }, () => JSON.parse(JSON.stringify(randomObject())) as object);
    const texts = objects.map((object) => JSON.stringify(object));
    const starts = Uint32Array.from([0, ...texts.keys()], (_, index) => texts.slice(0, index).join("").length);
    const rows = Uint32Array.from(objects.keys(), (index) => 3 * index);
    const rest = new OverflowMembers({ rows, text: texts.join(""), starts });
    for (const name of ["a", "__proto__", 'q"uote', "nowhere"]) {
      const found: [number, unknown][] = [];
      rest.forEachOf(name, (row, member) => found.push([row, rest.value(member)]));
      expect(found).toEqual(
        [...objects.entries()].flatMap<[number, unknown]>(([index, object]) =>
          Object.hasOwn(object, name) ? [[3 * index, (object as Record<string, unknown>)[name]]] : [],
        ),
      );
    }
    const counts = rest.countNames((row) => row % 2 === 0);
    for (const [index, name] of Array.from({ length: rest.nameCount }, (_, code) => rest.name(code)).entries()) {
      const having = objects.filter((object, at) => (3 * at) % 2 === 0 && Object.hasOwn(object, name));
      expect(counts[index]).toBe(having.length);
    }
    for (const [place, object] of objects.entries()) {
      expect(rest.someLeaf(place, (text) => text.includes("a"))).toBe(
        leavesOf(object).some((leaf) => leaf.includes("a")),
      );
    }
  });
});
