// What the command line sets instead of the file stays set, whatever the file says later.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { untilTrue } from "../support/condition.ts";
import { withFolder } from "../support/folder.ts";
import { configText, TestServer } from "../support/server.ts";

describe("a reload, where the command line overrides the file", () => {
  test("reports no need for a restart and still uses the command line's values", async () => {
    await withFolder(async (folder) => {
      const server = new TestServer(folder, configText());
      try {
        await server.start("--host", "localhost", "--data", join(folder, "other.db"));
        server.signal("SIGHUP");
        const messages = () => server.logLines.map((line) => line.message);
        await untilTrue("the configuration is reloaded", () => messages().includes("configuration reloaded"));
        expect(messages().filter((message) => message.includes("restart"))).toEqual([]);
        await server.send([{ message: "after the reload" }]);
        expect([existsSync(join(folder, "other.db")), existsSync(server.dataFile)]).toEqual([true, false]);
      } finally {
        await server.kill();
      }
    });
  });
});
