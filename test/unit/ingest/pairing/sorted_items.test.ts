import { expect, test } from "bun:test";
import { type Arrived, SortedItems } from "../../../../src/ingest/pairing/sorted_items.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

test("behave as a list does, for additions and removals in any order over many chunks", () => {
  const random = seededRandom(runSeed("sorted items"));
  const sorted = new SortedItems<Arrived>();
  let list: Arrived[] = [];
  for (let step = 0; step < 6_000; step++) {
    // Grows to some 1,500 items, then shrinks to none.
    if (step < 3_000 ? random() < 0.75 : step < 5_900 && random() < 0.1) {
      const item = { at: integer(random, 400), id: step };
      sorted.add(item);
      list.push(item);
    } else if (list.length > 0) {
      const item = random() < 0.5 ? (list[0] as Arrived) : pick(random, list);
      sorted.remove(item);
      list = list.filter((one) => one !== item);
    }
    const instant = integer(random, 401);
    const byTime = list.toSorted((one, other) => one.at - other.at || one.id - other.id);
    expect([sorted.isEmpty, sorted.earliest(), sorted.at(instant), sorted.firstFrom(instant)]).toEqual([
      list.length === 0,
      byTime[0],
      byTime.find((one) => one.at === instant),
      list.find((one) => one.at >= instant),
    ]);
  }
  expect(list).toEqual([]);
});
