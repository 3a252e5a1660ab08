// One format: what Deno wrote Bun reads and continues, and the other way round.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { ShownRecord } from "../../src/core/record.ts";
import { bodyOf, canonical, HOSTILE_METADATA } from "../support/raw_json.ts";
import { type RunResult, run } from "../support/run.ts";
import { configText, SERVER_KEY, type TestServer, withServer, withStoppedServer } from "../support/server.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const BASE_TIME = Date.now() - 60_000;

/** simplelogs from source on the Bun that runs this test. */
function onBun(server: TestServer, ...commandLine: string[]): Promise<RunResult> {
  return run(process.execPath, [MAIN, ...commandLine], { cwd: server.folder });
}

describe("a data file that Deno wrote", () => {
  test("is intact on Bun, also with NUL in names, and Bun's backup of it is intact on Deno", () =>
    withStoppedServer(configText(), async (server) => {
      await server.start();
      await server.send([
        {
          touchpoint: "api/a\0b",
          message: "Grüße \ud83d\udc4d",
          metadata: { "field\0name": 1, deep: { a: [1, "2"] } },
        },
        { touchpoint: "api/orders", key: "r-1", startTime: BASE_TIME },
        { key: "waits", startTime: BASE_TIME + 1 },
      ]);
      await server.send([{ key: "r-1", endTime: BASE_TIME + 40 }]);
      const written = await server.export();
      expect(written.map(({ touchpoint, duration }) => [touchpoint, duration])).toEqual([
        ["api/a\0b", undefined],
        ["api/orders", 40],
      ]);
      expect(await server.stop()).toBe(0);

      const exported = await onBun(server, "export");
      expect({ exitCode: exported.exitCode, stderr: exported.stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(
        exported.stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual(written);
      const doctor = await onBun(server, "doctor");
      expect([doctor.exitCode, doctor.stdout]).toEqual([0, expect.stringContaining("2 records")]);

      const backup = await onBun(server, "backup", "copy.db");
      expect({ exitCode: backup.exitCode, stderr: backup.stderr }).toEqual({ exitCode: 0, stderr: "" });
      server.writeConfig(configText({ settings: 'data = "copy.db"' }));
      await server.start();
      // What waited still waits, and pairs.
      await server.send([{ key: "waits", endTime: BASE_TIME + 10, source: "server" }]);
      expect((await server.export()).map(({ key, duration }) => [key, duration])).toContainEqual(["waits", 9]);
      const touchpoints = await server.post({ key: SERVER_KEY, source: "server", entries: [{ touchpoint: "later" }] });
      expect(touchpoints.status).toBe(202);
    }));

  test("returns metadata of every shape unchanged on Deno and on Bun", () =>
    withServer(configText({ settings: 'max_body = "32MiB"' }), async (server) => {
      const entries = HOSTILE_METADATA.map(
        ({ name, sent }) => `{"message":${JSON.stringify(name)},"metadata":${sent}}`,
      );
      expect((await server.post(bodyOf(entries.join()))).status).toBe(202);
      const expected = HOSTILE_METADATA.map(({ name, shown }) => [name, canonical(JSON.parse(shown))]);
      const metadataOf = (stdout: string) =>
        stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as ShownRecord)
          .map(({ message, metadata }) => [message ?? "", canonical(metadata)]);
      expect(metadataOf((await server.command("export")).stdout)).toEqual(expected);
      expect(metadataOf((await onBun(server, "export")).stdout)).toEqual(expected);
    }));
});
