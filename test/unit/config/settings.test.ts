import { expect, test } from "bun:test";
import { clientQuotaOf, type Settings } from "../../../src/config/settings.ts";

type Pair = Pick<Settings["keys"][number], "project" | "revoked" | "serverSha256">;

function quotaOf(pairs: readonly Pair[], monthlyEntries: number | undefined, clientShare = 0.5): number | undefined {
  const shop = { retentionMs: 1, monthlyEntries, overage: "drop" } as const;
  const settings = { keys: pairs, projects: { shop }, queue: { entries: 1, bytes: 1, clientShare } };
  return clientQuotaOf(settings as unknown as Settings, "shop");
}

const SERVER = { project: "shop", revoked: false, serverSha256: "aa" };

test("client keys can use their share of a quota where the project has a live server key", () => {
  expect([quotaOf([SERVER], 11), quotaOf([SERVER], 10, 0), quotaOf([SERVER], 10, 1)]).toEqual([5, 0, 10]);
});

test("client keys can use all of it where nobody else sends, and where there is no quota", () => {
  const others = [
    { ...SERVER, revoked: true },
    { ...SERVER, project: "blog" },
    { ...SERVER, serverSha256: undefined },
  ];
  expect([quotaOf(others, 10), quotaOf([], 10), quotaOf([SERVER], undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(quotaOf([...others, SERVER], 10)).toBe(5);
});
