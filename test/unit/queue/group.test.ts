import { expect, test } from "bun:test";
import { KeyIndexes } from "../../../src/queue/group.ts";

test("a key keeps its index through reloads, and no two keys share one", () => {
  const index = new KeyIndexes();
  const shop = { project: "shop", name: "web", type: "server" } as const;
  const first = index.of(shop);
  const others = [
    index.of({ ...shop, type: "client" }),
    index.of({ ...shop, project: "other" }),
    index.of({ ...shop, name: "web2" }),
  ];
  expect(index.of({ ...shop })).toBe(first);
  expect(new Set([first, ...others]).size).toBe(4);
  expect(index.all()[first]).toEqual(shop);
});
