// `simplelogs clickhouse`, against the engine, against a server that is too old, and against none.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isTooOld } from "../../src/clickhouse/tables.ts";
import type { ShownRecord } from "../../src/core/record.ts";
import { expectSoon } from "../support/expect_soon.ts";
import { withFolder } from "../support/folder.ts";
import { EXECUTABLE, type RunResult, run } from "../support/run.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer } from "../support/server.ts";
import { withOldServer } from "./old_server.ts";
import { ClickHouseServer } from "./server.ts";

let engine: ClickHouseServer;

beforeAll(async () => {
  engine = await ClickHouseServer.start({ password: "secret" });
}, 120_000);
afterAll(() => engine.stop());

function tableOf(url: string, lines = ""): string {
  return `[clickhouse]\nurl = ["${url}"]\ndatabase = "logs"\npassword = "secret"\n${lines}`;
}

function command(config: string, ...commandLine: string[]): Promise<RunResult> {
  return withFolder((folder) => {
    writeFileSync(join(folder, "simplelogs.toml"), configText({ tables: config }), { mode: 0o600 });
    return run(EXECUTABLE, ["clickhouse", ...commandLine], { cwd: folder });
  });
}

const checked = (url: string, lines = "") => command(tableOf(url, lines), "check");

describe("simplelogs clickhouse check", () => {
  test("refuses Debian's clickhouse-server, and says what is expected", async () => {
    await withOldServer(async (url) => {
      const { exitCode, stderr } = await command(`[clickhouse]\nurl = ["${url}"]\n`, "check");
      expect(exitCode).toBe(1);
      expect(stderr).toBe(
        `simplelogs: cannot use 1 server of 1\n${url}: ClickHouse 18.16.1 is too old: expected 25.8 or later\n`,
      );
    });
  }, 120_000);

  test("names a database that is not there, and takes it once it is", async () => {
    await engine.ask("DROP DATABASE IF EXISTS logs");
    const missing = await checked(engine.url);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain("CREATE DATABASE logs");
    await engine.ask("CREATE DATABASE logs");
    const { exitCode, stdout, stderr } = await checked(engine.url);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^OK http:\/\/127\.0\.0\.1:\d+: ClickHouse 26\.[\d.]+, database logs, no tables yet/);
  });

  test("refuses a wrong password, a cluster that is not there, a server that is away, and tables that are newer", async () => {
    const wrong = await command(`[clickhouse]\nurl = ["${engine.url}"]\npassword = "another"\n`, "check");
    expect(wrong.stderr).toContain("Authentication failed");
    expect(wrong.stderr).not.toContain("another");
    const cluster = await checked(engine.url, 'cluster = "nowhere"\n');
    expect(cluster.stderr).toContain('there is no cluster "nowhere"');
    const away = await checked("http://127.0.0.1:1");
    expect(away.stderr).toContain("cannot reach http://127.0.0.1:1");
    await engine.ask("CREATE TABLE logs.simplelogs_schema (version UInt32) ENGINE = MergeTree ORDER BY version");
    await engine.ask("CREATE TABLE logs.records (id UInt64) ENGINE = MergeTree ORDER BY id");
    await engine.ask("INSERT INTO logs.simplelogs_schema VALUES (999)");
    const newer = await checked(engine.url);
    expect(newer.stderr).toContain("use a newer simplelogs");
    await engine.ask("DROP DATABASE logs");
    expect([wrong, cluster, away, newer].map(({ exitCode }) => exitCode)).toEqual([1, 1, 1, 1]);
  });

  test("without a [clickhouse] table is wrong usage", async () => {
    const { exitCode, stderr } = await command("", "check");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("there is no [clickhouse] table");
  });
});

describe("simplelogs clickhouse schema", () => {
  test("prints statements that the server takes as they are", async () => {
    const { exitCode, stdout } = await command(tableOf(engine.url), "schema");
    expect(exitCode).toBe(0);
    await engine.ask("DROP DATABASE IF EXISTS by_hand");
    await engine.ask("CREATE DATABASE by_hand");
    for (const statement of stdout.split(";\n").filter((text) => text.trim() !== "")) {
      await engine.ask(statement.replace(/EXISTS |INSERT INTO /, "$&by_hand."));
    }
    expect(await engine.ask("SELECT count() FROM by_hand.records")).toBe("0");
    const byHand = tableOf(engine.url).replace('"logs"', '"by_hand"');
    expect((await command(byHand, "check")).stdout).toContain("database by_hand, tables of version 1");
    await engine.ask("DROP DATABASE by_hand");
  });

  test("for a cluster prints Replicated and Distributed tables", async () => {
    const { stdout } = await command(tableOf(engine.url, 'cluster = "prod"\n'), "schema");
    expect(stdout).toContain("ON CLUSTER `prod`");
    expect(stdout).toContain("ENGINE = ReplicatedMergeTree(");
    expect(stdout).toContain("ENGINE = Distributed('prod'");
  });
});

test("simplelogs clickhouse status says what is shipped, beside a running server, and what the cluster has", async () => {
  await engine.ask("DROP DATABASE IF EXISTS logs");
  await engine.ask("CREATE DATABASE logs");
  await withServer(configText({ tables: tableOf(engine.url, "node = 5\n") }), async (server) => {
    await server.send(Array.from({ length: 30 }, (_, n) => ({ message: `entry ${n}` })));
    let report: { nodes: { node: number; records: number }[] | null; backlogRecords: number } | undefined;
    while (report?.nodes?.[0]?.records !== 30 || report.backlogRecords > 0) {
      const { stdout } = await server.command("clickhouse", "status", "--json");
      report = JSON.parse(stdout) as typeof report;
    }
    expect(report).toMatchObject({
      node: 5,
      shippedBelow: 31,
      backlogRecords: 0,
      backlogBytes: 0,
      lagMs: 0,
      batch: null,
      server: null,
      problem: null,
    });
    const { stdout } = await server.command("clickhouse", "status");
    expect(stdout).toContain("shipped     all records up to id 30");
    expect(stdout).toContain("  node 5: 30 records, the newest received ");
    expect(stdout).toContain("server      not asked: that needs its admin token in SIMPLELOGS_TOKEN\n");
    const asked = ["clickhouse", "status", "--url", server.url, "--token", ADMIN_TOKEN];
    await expectSoon(async () => (await server.command(...asked)).stdout).toMatch(
      /^server {6}1 batch with 30 records stored, (?:none|\d attempts?) failed, since 20\d\d-/m,
    );
    const json = JSON.parse((await server.command(...asked, "--json")).stdout) as object;
    expect(json).toMatchObject({
      server: { batches: 1, records: 30, failures: expect.any(Number) as number, problem: null },
    });
  });
}, 120_000);

describe("commands that read", () => {
  const config = (more = "") => configText({ tables: tableOf(engine.url, `node = 5\n${more}`) });
  const reads = [
    ["query", "--json"],
    ["query", "--json", "--order", "asc", "metadata.list:x"],
    ["export"],
    ["export", "--csv", "exact", "--project", "default", "level:info"],
    ["timings", "--json"],
    ["erase", "--dry-run", "--project", "default", "metadata.list:x"],
  ];

  /** 40 entries of the node that are shipped, and one record of node 9 that only ClickHouse has. */
  async function withShipped(work: (server: TestServer) => Promise<void>): Promise<void> {
    engine.comeBack();
    await engine.ask("DROP DATABASE IF EXISTS logs");
    await engine.ask("CREATE DATABASE logs");
    await withServer(config(), async (server) => {
      await server.send(
        Array.from({ length: 40 }, (_, n) => ({
          message: `entry ${n}`,
          touchpoint: `api/${n % 3}`,
          metadata: { list: [n % 2 === 0 ? "x" : "y"] },
          ...(n % 4 === 0 ? { duration: n } : {}),
        })),
      );
      const stored = () => engine.ask("SELECT count() FROM logs.records").catch(() => "");
      await expectSoon(stored).toBe("40");
      const now = Date.now();
      await engine.ask(
        "INSERT INTO logs.records (project, time, node, id, received_at, kind, level, source, has_message, message, " +
          `has_metadata, metadata, expires) VALUES ('default', ${now}, 9, 1, ${now}, 'log', 'info', 'server', true, ` +
          `'of another node', true, map('list', '["x"]'), '2100-01-01')`,
      );
      await work(server);
    });
  }

  test(
    "have what the data file and ClickHouse have, as the server has it, whether it runs or not",
    () =>
      withShipped(async (server) => {
        const outputs = async (...more: string[]) => {
          const all = await Promise.all(reads.map((words) => server.command(...words, ...more)));
          expect(all.map(({ exitCode }) => exitCode)).toEqual(reads.map(() => 0));
          return all.map(({ stdout }) => stdout);
        };
        const asked = await outputs("--url", server.url, "--token", ADMIN_TOKEN);
        const ids = asked[2]
          ?.trim()
          .split("\n")
          .map((line) => (JSON.parse(line) as ShownRecord).id);
        expect(ids).toEqual([...Array.from({ length: 40 }, (_, n) => 5 * 2 ** 40 + n + 1), 9 * 2 ** 40 + 1]);
        expect(asked[5]).toBe("Would remove 21 records\n");
        expect(await outputs()).toEqual(asked);
        await server.send([{ message: "not shipped yet" }]);
        await server.kill();
        const [newest] = (await server.command("query", "--json", "shipped")).stdout.split("\n");
        expect(JSON.parse(newest ?? "")).toMatchObject({ id: 5 * 2 ** 40 + 41, message: "not shipped yet" });
        expect((await server.command("export")).stdout.trim().split("\n")).toHaveLength(42);
      }),
    120_000,
  );

  test(
    "fail while ClickHouse is away, and say how to read the data file alone",
    () =>
      withShipped(async (server) => {
        engine.leave();
        for (const words of reads) {
          const { exitCode, stdout, stderr } = await server.command(...words);
          expect({ words, exitCode, stdout }).toEqual({ words, exitCode: 1, stdout: "" });
          expect(stderr).toMatch(
            /^simplelogs: cannot read from ClickHouse: .*; --data FILE reads the data file alone/m,
          );
        }
        const alone = await server.command("export", "--data", server.dataFile);
        expect(alone.stdout.trim().split("\n")).toHaveLength(40);
        expect((await server.command("usage")).exitCode).toBe(0);
        const wrong = await server.command("export", "level:");
        expect([wrong.exitCode, wrong.stderr.includes("cannot understand the search")]).toEqual([2, true]);
      }),
    120_000,
  );

  test(
    "name a variable of [clickhouse] that is not set; what reads nothing there needs none",
    () =>
      withShipped(async (server) => {
        for (const setting of ["password", "url"]) {
          const value = setting === "url" ? '["${NOT_SET}"]' : '"${NOT_SET}"';
          server.writeConfig(config().replace(new RegExp(`^${setting} = .*$`, "m"), () => `${setting} = ${value}`));
          for (const words of reads) {
            const { exitCode, stderr } = await server.command(...words);
            expect({ words, exitCode }).toEqual({ words, exitCode: 2 });
            expect(stderr).toMatch(new RegExp(`clickhouse\\.${setting}.*NOT_SET`));
          }
          const backup = ["backup", `${server.dataFile}.${setting}`];
          for (const words of [["usage"], backup]) expect((await server.command(...words)).exitCode).toBe(0);
        }
      }),
    120_000,
  );
});

describe("simplelogs clickhouse status fails", () => {
  test("while the cluster is away, and says all the same what waits", async () => {
    await withServer(configText({ tables: tableOf("http://127.0.0.1:1") }), async (server) => {
      await server.send([{ message: "waits" }]);
      let text = await server.command("clickhouse", "status");
      while (!text.stdout.includes("1 record,")) text = await server.command("clickhouse", "status");
      expect(text.exitCode).toBe(1);
      expect(text.stdout).toContain("shipped     nothing yet");
      expect(text.stdout).toMatch(/^waiting {5}1 record, .* of 10\.0 GiB, the oldest received \S+ \S+ ago$/m);
      expect(text.stderr).toContain("cannot reach http://127.0.0.1:1");
      const asked = ["clickhouse", "status", "--url", server.url];
      const told = async () => (await server.command(...asked, "--token", ADMIN_TOKEN)).stdout;
      await expectSoon(told).toMatch(
        /^server {6}0 batches with 0 records stored, \d+ attempts? failed, .*; nothing is shipped now: .*cannot reach/m,
      );
      const wrong = await server.command(...asked, "--token", "wrong");
      expect(wrong.stdout).toMatch(/^server {6}http:\/\/\S+ answered 401: /m);
      const json = await server.command("clickhouse", "status", "--json");
      expect(json.exitCode).toBe(1);
      expect(JSON.parse(json.stdout)).toMatchObject({
        backlogRecords: 1,
        lagMs: expect.any(Number) as number,
        nodes: null,
        problem: expect.stringContaining("refused") as string,
      });
    });
  });

  test("where another server has the number, and where the data file is an older copy", async () => {
    await engine.ask("DROP DATABASE IF EXISTS logs");
    await engine.ask("CREATE DATABASE logs");
    const config = configText({ tables: tableOf(engine.url, "node = 6\n") });
    await withServer(config, async (server) => {
      await server.send([{ message: "one" }]);
      let count = "";
      while (count !== "1") count = await engine.ask("SELECT count() FROM logs.records").catch(() => "");
    });
    await withServer(config, async (server) => {
      const { exitCode, stdout, stderr } = await server.command("clickhouse", "status");
      expect(exitCode).toBe(1);
      expect(stdout).toContain("  node 6: 1 record, ");
      expect(stderr).toContain("another server uses this number, or the data file is an older copy");
    });
  });

  test("where the server never ran", async () => {
    const { exitCode, stderr } = await command(tableOf(engine.url), "status");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("did the server ever run?");
  });
});

test("versions are too old below 25.8, and where they cannot be read", () => {
  expect(["18.16.1", "24.12.1.1", "25.7.9.9", "", "x.y"].map(isTooOld)).toEqual([true, true, true, true, true]);
  expect(["25.8.1.1", "25.12.3.4", "26.2.1.1", "26.7.2.1-lts"].map(isTooOld)).toEqual([false, false, false, false]);
});
