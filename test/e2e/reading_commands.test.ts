// The reading commands of the executable, on a running server's data file, over HTTP, and on a file that nobody holds.

import { Database } from "bun:sqlite";
import { beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ShownRecord } from "../../src/core/record.ts";
import { withinOneMonth } from "../support/calendar.ts";
import { selfSignedCertificate } from "../support/certificate.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { withFolder } from "../support/folder.ts";
import { EXECUTABLE, type RunResult, run } from "../support/run.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer } from "../support/server.ts";

const NOW = Date.now();
/** Nothing of the machine's own. */
const ENVIRONMENT = { PATH: process.env["PATH"] ?? "", TZ: "UTC" };
const TOKEN = { ...ENVIRONMENT, SIMPLELOGS_TOKEN: ADMIN_TOKEN };

/** Each command, and what its help must name. */
const COMMANDS: readonly (readonly [command: string, names: readonly string[]])[] = [
  [
    "query",
    [
      "--project",
      "--from",
      "--to",
      "--limit",
      "--order",
      "--reverse",
      "--json",
      "--follow",
      "--color",
      "--url",
      "--token",
    ],
  ],
  ["tail", ["--project", "--last", "--json", "--color", "--url", "--token", "--data"]],
  ["timings", ["--sort", "--reverse", "--tree", "--json", "--from", "--to", "--url", "--token"]],
  ["usage", ["--project", "--json", "--url", "--token", "--data"]],
  ["doctor", ["--data", "--json"]],
  ["backup", ["<file>", "--data", "--json"]],
  ["erase", ["--project", "[words...]", "--from", "--to", "--yes", "--dry-run", "--json", "--url", "--token"]],
];

const ENTRIES = [
  { message: "payment failed", level: "error", touchpoint: "api/orders/submit", key: "req-1", timestamp: NOW },
  { message: "payment done\u001b[31m", level: "info", touchpoint: "api/orders/submit", timestamp: NOW + 1 },
  { message: "listed", level: "debug", touchpoint: "api/orders/list", timestamp: NOW + 2, metadata: { rows: 3 } },
  { touchpoint: "api/orders/list", duration: 10, timestamp: NOW + 3 },
  { touchpoint: "api/orders/submit", duration: 30, timestamp: NOW + 4 },
  { touchpoint: "api/users", duration: 20, timestamp: NOW + 5 },
];

/** A command in the server's folder. */
function command(server: TestServer, line: readonly string[], environment: Record<string, string> = ENVIRONMENT) {
  return run(EXECUTABLE, line, { cwd: server.folder, environment });
}

/** The same command on the data file, and through the server. */
async function bothWays(server: TestServer, line: readonly string[]): Promise<RunResult> {
  const local = await command(server, line);
  const remote = await command(server, [...line, "--url", server.url], TOKEN);
  expect(remote).toEqual(local);
  return local;
}

function records(stdout: string): ShownRecord[] {
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as ShownRecord);
}

describe("the reading commands", () => {
  beforeAll(withinOneMonth, 120_000);

  test.each(COMMANDS)("%s --help names its options and has examples", async (name, names) => {
    const { exitCode, stdout, stderr } = await run(EXECUTABLE, [name, "--help"], { environment: ENVIRONMENT });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(["--config", "Examples:", ...names].filter((part) => !stdout.includes(part))).toEqual([]);
  });

  test("query gives the same result from the data file and from the server", () =>
    withServer(configText(), async (server) => {
      await server.send(ENTRIES);
      const json = await bothWays(server, ["query", "--json"]);
      expect([json.exitCode, json.stderr]).toEqual([0, ""]);
      expect(records(json.stdout).map(({ time }) => time - NOW)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(records(json.stdout)).toEqual(await server.export());
      const found = await bothWays(server, ["query", "payment", "-failed", "OR", "metadata.rows:>2"]);
      const stamp = (offset: number) => new Date(NOW + offset).toISOString().replace("T", " ").replace("Z", "");
      expect(found.stdout.split("\n")).toEqual([
        `${stamp(1)} INFO  api/orders/submit  payment done\\x1b[31m`,
        `${stamp(2)} DEBUG api/orders/list  listed  rows=3`,
        "",
      ]);
      const newest = await bothWays(server, ["query", "--reverse", "--limit", "2", "kind:timing", "--json"]);
      expect(records(newest.stdout).map(({ duration }) => duration)).toEqual([20, 30]);
      const later = await bothWays(server, ["query", "--from", String(NOW + 5), "--json"]);
      expect(records(later.stdout).map(({ touchpoint }) => touchpoint)).toEqual(["api/users"]);
    }));

  test("timings and usage give the same results from both", () =>
    withServer(configText(), async (server) => {
      await server.send(ENTRIES);
      const { stdout } = await bothWays(server, ["timings", "--tree", "--sort", "max"]);
      const rows = stdout.split("\n").map((line) => line.trim().split(/ {2,}/).slice(0, 3));
      expect(rows.slice(1, 6)).toEqual([
        ["api/", "3", "20 ms"],
        ["orders/", "2", "20 ms"],
        ["submit", "1", "30 ms"],
        ["list", "1", "10 ms"],
        ["users", "1", "20 ms"],
      ]);
      const json = await bothWays(server, ["timings", "--tree", "--json"]);
      const { categories } = JSON.parse(json.stdout) as { categories: readonly { category: string; p50: number }[] };
      expect(categories.map(({ category, p50 }) => [category, Math.round(p50)])).toEqual([
        ["api/", 20],
        ["api/orders/", 10],
      ]);
      const usage = JSON.parse((await bothWays(server, ["usage", "--json"])).stdout) as { usage: readonly object[] };
      expect(usage.usage).toEqual([
        expect.objectContaining({ project: "default", received: 6, stored: 6, dropped: {} }),
      ]);
    }));

  test("follow new records, from the file and from the server, and exit with 0 on Ctrl-C", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "before", timestamp: NOW }]);
      const lines = [
        ["query", "--follow", "--json"],
        ["tail", "--json", "level:info", "--last", "1"],
        ["tail", "--json", "--url", server.url],
        ["query", "--follow", "--json", "--url", server.url],
      ];
      const followers = lines.map((line) => {
        const child = spawn(EXECUTABLE, line, {
          cwd: server.folder,
          env: line.includes("--url") ? TOKEN : ENVIRONMENT,
        });
        const follower = { child, out: "", err: "", exitCode: undefined as number | null | undefined };
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          follower.out += text;
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          follower.err += text;
        });
        child.on("close", (exitCode) => {
          follower.exitCode = exitCode;
        });
        return follower;
      });
      // What comes may end within a line.
      const messages = (out: string) => records(out.slice(0, out.lastIndexOf("\n") + 1)).map(({ message }) => message);
      // A tail without a beginning says nothing when it stands: it is sent to until it answers.
      await eventually("the tail stands", async () => {
        await server.send([{ message: "ready", level: "debug" }]);
        return messages(followers[2]?.out ?? "").includes("ready");
      });
      await untilTrue("the others stand", () =>
        [0, 1, 3].every((index) => messages(followers[index]?.out ?? "").includes("before")),
      );
      await server.send([{ message: "after 1" }, { message: "after 2" }]);
      await untilTrue("all have it", () => followers.every(({ out }) => messages(out).includes("after 2")));
      for (const { child } of followers) child.kill("SIGINT");
      await untilTrue("all have ended", () => followers.every(({ exitCode }) => exitCode !== undefined));
      for (const { exitCode, err, out } of followers) {
        expect([exitCode, err]).toEqual([0, ""]);
        expect(messages(out).filter((message) => message?.startsWith("after"))).toEqual(["after 1", "after 2"]);
      }
    }));

  test("end without an error when their output is closed", () =>
    withServer(configText(), async (server) => {
      await server.send(Array.from({ length: 5_000 }, (_, at) => ({ message: `entry ${at}`, timestamp: NOW })));
      for (const line of ["query --limit 5000", "query --reverse --json --limit 5000", "query --follow --limit 5000"]) {
        const script = `"$0" ${line} | head --lines=1 > /dev/null; echo "\${PIPESTATUS[0]}"`;
        let hasEnded = false;
        const ended = run("bash", ["-c", script, EXECUTABLE], { cwd: server.folder }).finally(() => {
          hasEnded = true;
        });
        await eventually("it has ended", async () => {
          // A follower learns with the next record that nobody reads.
          if (line.includes("--follow")) await server.send([{ message: "more" }]);
          return hasEnded;
        });
        const { stdout, stderr } = await ended;
        expect([stdout, stderr]).toEqual(["0\n", ""]);
      }
    }));

  test("backup copies while the server stores, and the copy can be read and checked", () =>
    withServer(configText(), async (server) => {
      await server.send(ENTRIES);
      const { exitCode, stdout, stderr } = await command(server, ["backup", "copy.db"]);
      expect([exitCode, stderr]).toEqual([0, ""]);
      expect(stdout).toStartWith("Copied 6 records to copy.db (");
      expect(statSync(join(server.folder, "copy.db")).mode & 0o777).toBe(0o600);
      await server.send([{ message: "later" }]);
      expect(records((await command(server, ["query", "--json", "--data", "copy.db"])).stdout)).toHaveLength(6);
      expect((await command(server, ["doctor", "--data", "copy.db"])).exitCode).toBe(0);
      expect((await command(server, ["backup", "copy.db"])).exitCode).toBe(1);
    }));

  test("doctor finds no fault beside a running server, and finds a damaged block in a file", () =>
    withServer(configText({ tables: '[storage]\nmax_size = "16MiB"' }), async (server) => {
      await server.send(ENTRIES);
      const well = await command(server, ["doctor", "--json"]);
      const report = JSON.parse(well.stdout) as { ok: boolean; findings: readonly { severity: string }[] };
      expect([well.exitCode, report.ok, report.findings.filter(({ severity }) => severity !== "ok")]).toEqual([
        0,
        true,
        [],
      ]);
      expect(await server.stop()).toBe(0);
      const database = new Database(server.dataFile);
      database.run("UPDATE pieces SET checksum = checksum + 1");
      database.close();
      const bad = await command(server, ["doctor"]);
      expect([bad.exitCode, bad.stderr]).toEqual([1, "simplelogs: 1 problem found\n"]);
      expect(bad.stdout).toMatch(/^problem +contents +block 1: .*\n +-> it held 6 records/m);
      const left = await command(server, ["query"]);
      expect([left.exitCode, left.stdout, left.stderr]).toEqual([
        1,
        "",
        "simplelogs: the result is incomplete: damaged blocks left out: 1; `simplelogs doctor` names them\n",
      ]);
    }));
});

describe("erase", () => {
  const line = ["erase", "--project", "default", "key:req-1", "--yes"];

  test("runs through the server that holds the file, and on the file itself once the server has stopped", () =>
    withServer(configText(), async (server) => {
      await server.send(ENTRIES);
      const shown = /^project "default": 1 record matching "key:req-1", at /;
      const dry = await command(server, [...line, "--dry-run"]);
      expect([dry.exitCode, dry.stdout]).toEqual([
        0,
        "Would remove 1 record from 1 block, 0 dropped entries, 0 open entries\n",
      ]);
      const held = await command(server, line);
      expect([held.exitCode, held.stdout, held.stderr]).toEqual([1, "", expect.stringContaining("is running on it")]);
      const { exitCode, stdout, stderr } = await command(server, [...line, "--url", server.url], TOKEN);
      expect([exitCode, stdout, stderr]).toEqual([
        0,
        "Removed 1 record from 1 block, 0 dropped entries, 0 open entries\n",
        expect.stringMatching(shown),
      ]);
      expect(records((await command(server, ["query", "--json"])).stdout)).toHaveLength(5);
      await server.send(ENTRIES.slice(0, 1).map((entry) => ({ ...entry, timestamp: NOW + 9 })));
      expect(await server.stop()).toBe(0);
      const alone = await command(server, [...line, "--json"]);
      expect([alone.exitCode, JSON.parse(alone.stdout)]).toEqual([
        0,
        { erased: { records: 1, blocks: 1, rejections: 0, waiting: 0 } },
      ]);
      expect(records((await command(server, ["query", "--json"])).stdout)).toHaveLength(5);
      expect((await command(server, ["doctor", "--json"])).exitCode).toBe(0);
    }));

  test("deletes nothing without confirmation", () =>
    withServer(configText(), async (server) => {
      await server.send(ENTRIES);
      const { exitCode, stderr } = await command(server, line.slice(0, -1));
      expect([exitCode, stderr]).toEqual([
        2,
        "simplelogs: erase asks before it removes anything: run it on a terminal, or give --yes\n",
      ]);
      expect(await server.export()).toHaveLength(6);
    }));
});

describe("the reading commands fail with a clear message", () => {
  test("for a wrong search, with the place, and for an unknown project", () =>
    withServer(configText(), async (server) => {
      await server.send(ENTRIES);
      for (const name of ["query", "tail", "timings"]) {
        const { exitCode, stdout, stderr } = await bothWays(server, [name, "payment", "level:eror"]);
        expect([exitCode, stdout, stderr.split("\n").slice(1)]).toEqual([
          2,
          "",
          ["  payment level:eror", "                ^^^^", ""],
        ]);
        const options = name === "tail" ? ["--project", "shp"] : ["--project", "shp", "--from", "1h"];
        const missing = await command(server, [name, ...options]);
        expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining('there is no project "shp"')]);
      }
    }));

  test("for a wrong token, a missing one, and an address without a server", () =>
    withServer(configText(), async (server) => {
      const wrong = await command(server, ["query", "--url", server.url, "--token", "a-wrong-token"]);
      expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining(`${server.url} answered 401: `)]);
      expect(wrong.stderr).not.toContain("a-wrong-token");
      const none = await command(server, ["query", "--url", server.url]);
      expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining("needs the admin token")]);
      const { url } = server;
      await server.stop();
      const gone = await command(server, ["query", "--url", url], TOKEN);
      expect([gone.exitCode, gone.stderr]).toEqual([1, expect.stringContaining("nothing listens there")]);
    }));

  test("for a certificate that is not trusted, but not for a trusted one", () =>
    withFolder(async (folder) => {
      const { cert, key } = selfSignedCertificate();
      writeFileSync(join(folder, "cert.pem"), cert);
      writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
      const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
      const tables = `[tls]\ncert = ${JSON.stringify(certFile)}\nkey = ${JSON.stringify(keyFile)}`;
      await withServer(configText({ tables }), async (server) => {
        const line = ["usage", "--url", server.url];
        const refused = await command(server, line, TOKEN);
        expect([refused.exitCode, refused.stderr]).toEqual([
          1,
          expect.stringContaining("its certificate is not trusted"),
        ]);
        const trusted = await command(server, line, { ...TOKEN, NODE_EXTRA_CA_CERTS: certFile });
        expect([trusted.exitCode, trusted.stderr]).toEqual([0, ""]);
      });
    }));

  test("when there is no data file yet, and create none", () =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "simplelogs.toml"), "", { mode: 0o600 });
      for (const name of ["query", "tail", "timings", "usage"]) {
        const { exitCode, stderr } = await run(EXECUTABLE, [name], { cwd: folder, environment: ENVIRONMENT });
        expect([exitCode, stderr]).toEqual([
          1,
          expect.stringContaining("there is no such file; did the server ever run?"),
        ]);
      }
      expect(existsSync(join(folder, "simplelogs.db"))).toBe(false);
    }));
});
