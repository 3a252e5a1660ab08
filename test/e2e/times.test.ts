// Times as they are written and printed, in a time zone that is not UTC: from the data file and through the server
// alike.

import { expect, test } from "bun:test";
import { EXECUTABLE, run } from "../support/run.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer } from "../support/server.ts";

const CONFIG = `${configText()}\n[projects.default]\nretention = "36500d"\n`;
/** Clocks in Berlin show 02:30 at both. */
const FIRST = Date.UTC(2025, 9, 26, 0, 30);
const SECOND = Date.UTC(2025, 9, 26, 1, 30);

/** The messages that a query finds, from the file; the server must find the same. */
async function found(server: TestServer, zone: string, line: readonly string[]): Promise<string[]> {
  const environment = { PATH: process.env["PATH"] ?? "", TZ: zone, SIMPLELOGS_TOKEN: ADMIN_TOKEN };
  const local = await run(EXECUTABLE, ["query", "--json", ...line], { cwd: server.folder, environment });
  const remote = await run(EXECUTABLE, ["query", "--json", ...line, "--url", server.url], {
    cwd: server.folder,
    environment,
  });
  expect(remote).toEqual(local);
  expect([local.exitCode, local.stderr]).toEqual([0, ""]);
  const lines = local.stdout.split("\n").filter((text) => text !== "");
  return lines.map((text) => (JSON.parse(text) as { message: string }).message);
}

async function printed(server: TestServer, zone: string): Promise<string[]> {
  const environment = { PATH: process.env["PATH"] ?? "", TZ: zone };
  const { stdout } = await run(EXECUTABLE, ["query"], { cwd: server.folder, environment });
  return stdout.split("\n").filter((line) => line !== "");
}

test("a time without an offset means the same instant in --from and in a search", () =>
  withServer(CONFIG, async (server) => {
    const noon = Date.UTC(2026, 5, 15, 6, 30);
    await server.send([
      { message: "before", timestamp: noon - 1 },
      { message: "at noon", timestamp: noon },
    ]);
    for (const line of [
      ["--from", "2026-06-15T12:00"],
      ["time:>=2026-06-15T12:00"],
      ["time:>=2026-06-15 12:00:00.000"],
    ]) {
      expect(await found(server, "Asia/Kolkata", line)).toEqual(["at noon"]);
    }
    expect(await found(server, "UTC", ["time:>=2026-06-15T12:00"])).toEqual([]);
    expect(await found(server, "Asia/Kolkata", ["time:2026-06-15"])).toEqual(["before", "at noon"]);
    expect(await found(server, "Pacific/Apia", ["--from", "2026-06-15", "--to", "2026-06-15"])).toEqual([
      "before",
      "at noon",
    ]);
    expect(await found(server, "America/Los_Angeles", ["--from", "2026-06-15"])).toEqual([]);
  }));

test("printed times are accepted as input, also when clocks repeat an hour", () =>
  withServer(CONFIG, async (server) => {
    await server.send([
      { message: "first", timestamp: FIRST },
      { message: "second", timestamp: SECOND + 0.25 },
      { message: "later", timestamp: SECOND + 3_600_000 },
    ]);
    const lines = await printed(server, "Europe/Berlin");
    const times = lines.map((line) => line.replace(/ INFO .*$/, ""));
    expect(times).toEqual([
      "2025-10-26 02:30:00.000 +02:00",
      "2025-10-26 02:30:00.000 +01:00",
      "2025-10-26 03:30:00.000",
    ]);
    for (const [index, message] of ["first", "second", "later"].entries()) {
      const time = times[index] as string;
      expect(await found(server, "Europe/Berlin", [`time:${time}`])).toEqual([message]);
      expect((await found(server, "Europe/Berlin", ["--from", time]))[0]).toBe(message);
    }
    expect(await found(server, "Europe/Berlin", ["--to", times[1] as string])).toEqual(["first"]);
  }));
