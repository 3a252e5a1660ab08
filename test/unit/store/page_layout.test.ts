import { describe, expect, test } from "bun:test";
import { kindInMap, lockPage, mapPageOf, pagesPerMap, readTreePage } from "../../../src/store/page_layout.ts";

const LAYOUT = { pageBytes: 512, usableBytes: 512 };

/** A page of a table's leaf with these cells, each at its place, and the free blocks given as [place, size]. */
function leafOf(cells: readonly (readonly [at: number, bytes: readonly number[]])[], free: readonly number[][] = []) {
  const page = new Uint8Array(512).fill(0xaa);
  const view = new DataView(page.buffer);
  const places = [...cells.map(([at]) => at), ...free.map(([at]) => at as number), 512];
  page[0] = 0x0d;
  view.setUint16(1, free[0]?.[0] ?? 0);
  view.setUint16(3, cells.length);
  view.setUint16(5, Math.min(...places));
  page[7] = 0;
  cells.forEach(([at, bytes], index) => {
    view.setUint16(8 + 2 * index, at);
    page.set(bytes, at);
  });
  free.forEach(([at, size], index) => {
    view.setUint16(at as number, free[index + 1]?.[0] ?? 0);
    view.setUint16((at as number) + 2, size as number);
  });
  return page;
}

describe("a page of a tree", () => {
  test("is unused between its cells' places and its content, and in its free blocks behind their heads", () => {
    const cells = [
      [480, [10, 1]],
      [440, [10, 2]],
    ] as const;
    expect(readTreePage(leafOf(cells, [[452, 28]]), LAYOUT)).toEqual({
      unused: [
        { from: 12, to: 440 },
        { from: 456, to: 480 },
      ],
      overflows: [],
    });
    expect(readTreePage(leafOf([]), LAYOUT)?.unused).toEqual([{ from: 8, to: 512 }]);
  });

  test("says where a cell that is too long for it goes on, and how much of the last page that takes", () => {
    // 1,000 bytes: 492 + 508 do not fit in the 477 that a cell may have here, so it keeps 39 and 453 lie in the second page.
    const cell = [0x87, 0x68, 5, ...new Array(39).fill(1), 0, 0, 1, 2];
    expect(readTreePage(leafOf([[400, cell]]), LAYOUT)?.overflows).toEqual([
      { firstPage: 258, pageCount: 2, lastPageUsed: 457 },
    ]);
  });

  test("is described by the map before it, and the page of the locks by none", () => {
    const layout = { pageBytes: 4096, usableBytes: 4096 };
    expect([pagesPerMap(layout), lockPage(layout)]).toEqual([819, 262_145]);
    expect([2, 3, 821, 822, 823, 1_641, 1_642].map((page) => mapPageOf(page, layout))).toEqual([
      2, 2, 2, 822, 822, 822, 1_642,
    ]);
    const map = new Uint8Array(4096);
    map[5] = 5;
    expect([kindInMap(map, 2, 3), kindInMap(map, 2, 4)]).toEqual([0, 5]);
  });
});

describe("a page is not taken for one of a tree", () => {
  test("where its kind, its places or its free blocks cannot be", () => {
    const cells = [[480, [10, 1]]] as const;
    const changed = (change: (view: DataView) => void) => {
      const page = leafOf(cells, [[452, 28]]);
      change(new DataView(page.buffer));
      return readTreePage(page, LAYOUT);
    };
    expect([
      changed((view) => view.setUint8(0, 7)),
      changed((view) => view.setUint16(3, 300)),
      changed((view) => view.setUint16(5, 600)),
      changed((view) => view.setUint16(8, 20)),
      changed((view) => view.setUint16(1, 100)),
      changed((view) => view.setUint16(454, 200)),
      changed((view) => view.setUint16(452, 452)),
    ]).toEqual(new Array(7).fill(undefined));
  });
});
