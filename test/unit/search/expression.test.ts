import { describe, expect, test } from "bun:test";
import { matchRows, matchSteps } from "../../../src/query/match/evaluate.ts";
import { type Expression, shareEqualTerms } from "../../../src/search/expression.ts";
import { parseSearch } from "../../../src/search/parser.ts";
import { blockOf, record } from "../query/match/search_block.ts";

function parsed(text: string): Expression {
  const outcome = parseSearch(text);
  if (!outcome.ok) throw new Error(outcome.problem.message);
  return outcome.search;
}

/** More names than there are columns: the others are in the rest. */
const RECORDS = Array.from({ length: 60 }, (_, id) =>
  record(id + 1, {
    message: `message ${id % 7}`,
    metadata: Object.fromEntries(Array.from({ length: 20 }, (__, index) => [`n${id * 20 + index}`, `k${id % 5}`])),
  }),
);

describe("equal terms", () => {
  test("side by side are one", () => {
    expect(shareEqualTerms(parsed(Array.from({ length: 50 }, () => "k").join(" OR ")))).toEqual(parsed("k"));
    expect(shareEqualTerms(parsed("k k level:error k"))).toEqual(parsed("k level:error"));
    expect(shareEqualTerms(parsed("duration:>5 OR duration:>6 OR duration:5.."))).toEqual(
      parsed("duration:>5 OR duration:>6 OR duration:5.."),
    );
  });

  test("are evaluated once, wherever they are", () => {
    const search = shareEqualTerms(parsed("(k1 2) OR (k1 3) OR -(k1 OR 4)"));
    let looked = 0;
    const block = blockOf(RECORDS);
    const watched: typeof block = Object.create(block, {
      overflowMembers: {
        value: () => {
          looked++;
          return block.overflowMembers();
        },
      },
      message: { value: () => block.message() },
    }) as typeof block;
    for (const name of ["touchpoint", "key", "metadata", "metadataNames", "flags", "overflow"] as const) {
      Object.defineProperty(watched, name, { value: (...of: [never]) => block[name](...of) });
    }
    matchRows(search, watched, "shop");
    // k1, 2, 3 and 4: each once.
    expect(looked).toBe(4);
  });

  test("match what they matched before", () => {
    const searches = [
      "(k1 2) OR (k1 3)",
      "k1 OR k1 OR -k1",
      "-(k2 k2) message:3",
      "(n5 OR k3) (n5 OR k4)",
      "metadata.n7:k0 OR metadata.n7:k0",
    ];
    for (const text of searches) {
      for (const form of ["packed", "columnar", "parts"] as const) {
        const block = blockOf(RECORDS, form);
        expect([...matchRows(shareEqualTerms(parsed(text)), block, "shop")]).toEqual([
          ...matchRows(parsed(text), block, "shop"),
        ]);
      }
    }
  });
});

describe("a search", () => {
  test("yields after each term, so that its time limit can be checked", () => {
    const steps = matchSteps(parsed("zq OR zw OR zx OR -zy"), blockOf(RECORDS), "shop");
    let count = 0;
    while (steps.next().done !== true) count++;
    expect(count).toBe(4);
  });

  test("looks through the metadata without columns once, whatever its terms", () => {
    const block = blockOf(RECORDS);
    expect(block.overflowMembers()).toBe(block.overflowMembers());
  });
});
