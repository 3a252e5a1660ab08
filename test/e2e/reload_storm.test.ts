// The configuration rewritten very often while requests go on: keys made and revoked, origins changed, every other file
// one that does not load. No request is dropped, each answer is one that some configuration of its time gives, and
// nothing piles up. scripts/siege does the same some thousand times.

import { describe, expect, test } from "bun:test";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { NO_FAULTS, Probe, probeFaults, processState } from "../support/raw_probe.ts";
import { stormOf } from "../support/raw_storm.ts";
import { configText, withServer } from "../support/server.ts";

const TEST_MS_MAX = 180_000;

describe("200 rewrites of the configuration, under load", () => {
  test(
    "lose no request, and leak neither handles nor memory",
    () =>
      withServer(configText(), async (server) => {
        const probes = ["probe a", "probe b"].map((name) => ({ name, probe: new Probe(server, name) }));
        const warm = await stormOf(server, 20);
        const before = processState(server.pid);
        const storm = await stormOf(server, 180, 20);
        const after = processState(server.pid);
        const results = await Promise.all(probes.map(({ probe }) => probe.stop()));
        console.log("200 rewrites:", JSON.stringify({ before, after, storm, results }));
        for (const { wrong } of [warm, storm]) expect(wrong).toEqual([]);
        for (const { posts, health } of results) expect(Object.keys({ ...posts, ...health })).toEqual(["200", "202"]);
        const records = await server.export();
        for (const { name, probe } of probes) expect(probeFaults(probe.accepted, records, name)).toEqual(NO_FAULTS);
        await eventually(
          "no handle was left by each",
          async () => processState(server.pid).handles < before.handles + 20,
        );
        expect(after.residentMb).toBeLessThan(before.residentMb + 100);
        server.writeConfig(configText({ settings: "metrics_open = true" }));
        await eventually(
          "the last file is in force",
          async () => (await fetch(`${server.url}/metrics`)).status === 200,
        );
        expect(await server.stop()).toBe(0);
      }),
    TEST_MS_MAX,
  );

  test("together with constant SIGHUPs end with the last file in force", () =>
    withServer(configText(), async (server) => {
      const probe = new Probe(server);
      for (let round = 0; round < 1_000; round++) {
        server.writeConfig(round % 2 === 0 ? "]]]" : configText({ settings: `max_entries = ${10_000 + round}` }));
        server.signal("SIGHUP");
        if (round % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      server.writeConfig(configText({ settings: "metrics_open = true" }));
      server.signal("SIGHUP");
      await eventually("the last file is in force", async () => (await fetch(`${server.url}/metrics`)).status === 200);
      await untilTrue("the probe has been served", () => probe.accepted.size > 0);
      const { posts, health } = await probe.stop();
      expect(Object.keys({ ...posts, ...health })).toEqual(["200", "202"]);
      expect(probeFaults(probe.accepted, await server.export())).toEqual(NO_FAULTS);
    }));
});
