// Which key sent a record, through the whole executable: a browser that calls itself a server stays recognisable
// everywhere.

import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import type { RejectionsResponse } from "../../src/core/account_responses.ts";
import type { EntriesResponse, FieldsResponse, TimingsResponse, ValuesResponse } from "../../src/core/responses.ts";
import { untilTrue } from "../support/condition.ts";
import { AUTHORIZATION, read, TailClient } from "../support/read_api.ts";
import { CLIENT_KEY, configText, type TestServer, withServer } from "../support/server.ts";

const ORIGIN = { origin: "http://localhost:3000" };
const NOW = Date.now();

async function forge(server: TestServer): Promise<void> {
  const entries = [
    { touchpoint: "db/query", source: "server", startTime: NOW - 10, duration: 1e9 },
    { touchpoint: "page", message: "honest" },
    { touchpoint: "page", source: "server", message: "forged" },
  ];
  const answer = await server.post({ key: CLIENT_KEY, source: "client", entries }, ORIGIN);
  expect(answer.status).toBe(202);
}

describe("a client key's record whose source says server", () => {
  test("is distinct from a server key's record in searches, counts, fields, exports, the live tail and the terminal", async () => {
    await withServer(configText(), async (server) => {
      const tail = await TailClient.open(server, "q=keyType:client+source:server");
      await server.send([
        { touchpoint: "db/query", startTime: NOW - 10, duration: 5 },
        { message: "of a server", source: "client" },
      ]);
      await forge(server);
      const found = async (q: string) => {
        const { entries } = await read<EntriesResponse>(server, `entries?q=${encodeURIComponent(q)}`);
        return entries.map(({ message = "timing", source, keyType }) => `${message} ${source} ${keyType}`).sort();
      };
      expect(await found("keyType:client")).toEqual([
        "forged server client",
        "honest client client",
        "timing server client",
      ]);
      expect(await found("keyType:server")).toEqual(["of a server client server", "timing server server"]);
      const timings = await read<TimingsResponse>(server, "timings?q=keyType:server");
      expect(timings.touchpoints.map(({ touchpoint, count, max }) => [touchpoint, count, max])).toEqual([
        ["db/query", 1, 5],
      ]);
      const values = await read<ValuesResponse>(server, "fields/keyType/values");
      expect(values.values).toEqual([
        { value: "client", count: 3 },
        { value: "server", count: 2 },
      ]);
      const { fields } = await read<FieldsResponse>(server, "fields");
      expect(fields).toContainEqual({ name: "keyType", count: 5 });
      const exported = await server.export("-q", "keyType:client source:server");
      expect(exported.map(({ keyType }) => keyType)).toEqual(["client", "client"]);
      expect(Object.keys(exported[0] ?? {}).slice(7, 10)).toEqual(["source", "keyType", "touchpoint"]);
      const csv = await server.command("export", "--format", "csv", "-q", "forged");
      expect(csv.stdout).toContain(",server,client,page,");
      const shown = await server.command("query", "page");
      expect(shown.stdout).toMatch(/\[client key, source server\] +page +forged/);
      expect(
        shown.stdout
          .split("\n")
          .filter((line) => line.includes("honest"))
          .join(),
      ).not.toContain("[");
      const tailed = () => tail.events.filter(({ event }) => event === "record").map(({ data }) => data["keyType"]);
      await untilTrue("the tail has both", () => tailed().length === 2);
      expect(tailed()).toEqual(["client", "client"]);
      await tail.close();
    });
  });
});

describe("touchpoints of five megabytes from a client key", () => {
  test("leave the file small and the list quick, and are found by their whole names", async () => {
    const tables = '[storage]\nmax_size = "64MiB"';
    await withServer(configText({ settings: 'max_body = "6MiB"', tables }), async (server) => {
      const nameOf = (index: number) => `${index}${"/x".repeat(31)}`.padEnd(5_000_000, "y");
      for (let index = 0; index < 20; index++) {
        // Every fifth is dropped, and kept to be shown.
        const time = index % 5 === 0 ? { startTime: -1 } : { timestamp: NOW };
        const entries = [{ touchpoint: nameOf(index), message: `m${index}`, ...time }];
        expect((await server.post({ key: CLIENT_KEY, source: "client", entries }, ORIGIN)).status).toBe(202);
      }
      const list = await fetch(`${server.url}/api/v1/touchpoints`, { headers: AUTHORIZATION });
      expect((await list.text()).length).toBeLessThan(1_000);
      const rejections = await read<RejectionsResponse>(server, "rejections");
      expect(JSON.stringify(rejections).length).toBeLessThan(100_000);
      const { entries } = await read<EntriesResponse>(server, "entries?q=m7");
      expect(entries.map(({ touchpoint }) => touchpoint === nameOf(7))).toEqual([true]);
      await server.stop();
      expect(statSync(server.dataFile).size).toBeLessThan(10_000_000);
    });
  }, 180_000);
});
