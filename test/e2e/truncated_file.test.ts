// The executable on what a crash can leave of the write-ahead log.

import { describe, expect, test } from "bun:test";
import { truncateSync, writeFileSync } from "node:fs";
import { tortureByLog } from "../../scripts/src/torture/log.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { configText, withServer } from "../support/server.ts";

describe("a WAL that is truncated anywhere, followed by garbage, or missing", () => {
  test("leaves complete batches up to some moment, correct counters, and accepts the rest when sent again", async () => {
    const { broken, rounds } = await tortureByLog(8, seededRandom(runSeed("damaged log")));
    expect({ broken, rounds }).toEqual({ broken: [], rounds: 8 });
  }, 240_000);
});

describe("a data file that was truncated", () => {
  test("is reported by doctor", async () => {
    await withServer(configText(), async (server) => {
      const ballast = () => Buffer.from(crypto.getRandomValues(new Uint8Array(20_000))).toString("base64");
      for (let batch = 0; batch < 20; batch++) await server.send([{ message: `${batch} ${ballast()}` }]);
      expect(await server.stop()).toBe(0);
      truncateSync(server.dataFile, 200_000);
      const doctor = await server.command("doctor");
      expect(doctor.exitCode).toBe(1);
      expect(doctor.stdout).toContain("problem");
    });
  });

  test("within its first page makes serve exit with 1 and a message", async () => {
    await withServer(configText(), async (server) => {
      await server.send([{ message: "one" }]);
      expect(await server.stop()).toBe(0);
      writeFileSync(server.dataFile, "SQLite format 3\0 and nothing more");
      const { exitCode, stderr } = await server.command("serve");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("cannot");
    });
  });
});
