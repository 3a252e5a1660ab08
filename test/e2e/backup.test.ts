// What the README says of backups: after a stop in good order, the data file alone is everything.

import { describe, expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { withFolder } from "../support/folder.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { configText, withServer } from "../support/server.ts";

const NOW = Date.now();

describe("a copy of the data file alone, after SIGTERM", () => {
  test("holds every record", async () => {
    await withServer(configText(), async (server) => {
      await server.send(Array.from({ length: 500 }, (_, at) => ({ message: `entry ${at}`, timestamp: NOW + at })));
      await server.send([{ touchpoint: "api/orders", duration: 42, timestamp: NOW }]);
      expect(await server.stop()).toBe(0);
      await withFolder(async (folder) => {
        const copy = join(folder, "copy.db");
        // Before the folder is exported, which would copy what a log still holds.
        copyFileSync(server.dataFile, copy);
        const line = ["export", "--config", server.configFile, "--data", copy];
        const { exitCode, stdout } = await run(EXECUTABLE, line);
        const copied = stdout.split("\n").filter((text) => text !== "");
        const records = await server.export();
        expect(records).toHaveLength(501);
        expect([exitCode, copied.map((text) => JSON.parse(text) as unknown)]).toEqual([0, records]);
      });
    });
  });
});
