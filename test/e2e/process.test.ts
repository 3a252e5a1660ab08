// The process among others: how it ends, who may share its data, which data it takes, and what it does without a place
// for its log.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { freePort } from "../support/free_port.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer, withStoppedServer } from "../support/server.ts";

/** Sends until the server takes no more; the messages that were answered 202. */
async function sendUntilRefused(server: TestServer, sender: number): Promise<string[]> {
  const accepted: string[] = [];
  for (let sent = 0; ; sent++) {
    const message = `${sender} ${sent}`;
    try {
      await server.send([{ message }], { timestamp: Date.now() });
    } catch {
      return accepted;
    }
    accepted.push(message);
  }
}

describe("a signal that ends the server", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s while clients send ends it with exit code 0, and every batch answered 202 is stored",
    (signal) =>
      withServer(configText(), async (server) => {
        const senders = Array.from({ length: 8 }, (_, sender) => sendUntilRefused(server, sender));
        while (((await server.metrics()).get("simplelogs_entries_stored_total") ?? 0) < 200);
        const signalledAtMs = Date.now();
        server.signal(signal);
        expect(await server.exited()).toBe(0);
        expect(Date.now() - signalledAtMs).toBeLessThan(10_000);
        const accepted = (await Promise.all(senders)).flat();
        const stored = (await server.export()).map((record) => record.message);
        expect(new Set(stored).size).toBe(stored.length);
        expect(accepted.filter((message) => !stored.includes(message))).toEqual([]);
        expect(accepted.length).toBeGreaterThanOrEqual(150);
      }),
  );

  test("SIGTERM under durability memory commits queued batches", () =>
    withServer(configText({ tables: '[storage]\ndurability = "memory"' }), async (server) => {
      const count = 20_000;
      const batches = Array.from({ length: count / 1_000 }, (_, batch) =>
        server.send(Array.from({ length: 1_000 }, (_, index) => ({ message: `${batch} ${index}` }))),
      );
      await Promise.all(batches);
      expect(await server.stop()).toBe(0);
      expect(new Set((await server.export()).map((record) => record.message)).size).toBe(count);
    }));

  test("a second SIGTERM does not cut the first one short", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "kept" }]);
      server.signal("SIGTERM");
      server.signal("SIGTERM");
      expect(await server.exited()).toBe(0);
      expect((await server.export()).map((record) => record.message)).toEqual(["kept"]);
    }));
});

describe("a second process on the same data", () => {
  test("is refused, names the process that holds the data, and changes nothing", () =>
    withServer(configText(), async (server) => {
      const second = await server.command("serve");
      expect({ exitCode: second.exitCode, stdout: second.stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(second.stderr).toContain(`process ${server.pid} `);
      await server.send([{ message: "goes on" }]);
      expect((await server.export()).map((record) => record.message)).toEqual(["goes on"]);
    }));

  test("can start once the first was killed", () =>
    withServer(configText(), async (server) => {
      await server.kill();
      await server.start();
      await server.send([{ message: "next" }]);
    }));
});

describe("a data file of another format", () => {
  test("of a newer version is refused by serve and export, and stays unchanged", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "written by a newer version" }]);
      expect(await server.stop()).toBe(0);
      const database = new Database(server.dataFile);
      database.run("PRAGMA user_version = 999");
      database.close();
      const before = readFileSync(server.dataFile);
      for (const command of ["serve", "export"]) {
        const { exitCode, stdout, stderr } = await server.command(command);
        expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
        expect(stderr).toMatch(/format 999.*newer simplelogs/);
      }
      expect(readFileSync(server.dataFile).equals(before)).toBe(true);
    }));

  test.each([
    ["another program's database", (file: string) => new Database(file).run("CREATE TABLE notes (text TEXT)")],
    ["no database at all", (file: string) => Bun.write(file, "A letter to a friend.\n".repeat(500))],
  ])("is refused when it is %s", (_, make) =>
    withStoppedServer(configText(), async (server) => {
      await make(server.dataFile);
      const before = readFileSync(server.dataFile);
      for (const command of ["serve", "export"]) {
        const { exitCode, stderr } = await server.command(command);
        expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining("simplelogs.db") });
        expect(stderr).not.toMatch(/\n +at /);
      }
      expect(readFileSync(server.dataFile).equals(before)).toBe(true);
    }),
  );
});

describe("the server keeps running without its log output", () => {
  test("when the log's disk is full", () =>
    withStoppedServer(configText({ tables: '[log]\nlevel = "debug"' }), async (server) => {
      const script = '"$0" serve --port "$1" 2> /dev/full';
      const port = await freePort();
      const child = spawn("bash", ["-c", `exec ${script}`, EXECUTABLE, `${port}`], {
        cwd: server.folder,
        stdio: "ignore",
      });
      try {
        await checkItWorks(`http://127.0.0.1:${port}`);
      } finally {
        child.kill("SIGTERM");
      }
      expect(await once(child, "close")).toEqual([0, null]);
    }));

  test("when the reader of the log has closed the pipe", () =>
    withStoppedServer(configText({ tables: '[log]\nlevel = "debug"' }), async (server) => {
      const child = spawn(EXECUTABLE, ["serve"], { cwd: server.folder, stdio: ["ignore", "ignore", "pipe"] });
      const url = await urlFrom(child.stderr);
      child.stderr.destroy();
      // Every SIGHUP writes to the log.
      for (let round = 0; round < 5; round++) {
        child.kill("SIGHUP");
        await checkItWorks(url);
      }
      child.kill("SIGTERM");
      expect(await once(child, "close")).toEqual([0, null]);
    }));
});

/** Where a server listens, by its log. */
async function urlFrom(log: Readable): Promise<string> {
  let text = "";
  for await (const piece of log.iterator({ destroyOnReturn: false })) {
    text += String(piece);
    const url = /listening on (http:[^"\s]+)"/.exec(text)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`the server ended at its start:\n${text}`);
}

async function checkItWorks(url: string): Promise<void> {
  const commandLine = [
    "--silent",
    "--retry",
    "50",
    "--retry-delay",
    "1",
    "--retry-connrefused",
    "--oauth2-bearer",
    ADMIN_TOKEN,
  ];
  const { stdout } = await run("curl", [...commandLine, `${url}/metrics`]);
  expect(stdout).toContain("simplelogs_ready 1");
}
