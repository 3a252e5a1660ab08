// What was answered 202 outlives slips of the operator: a wrong configuration for a while, a data file that is moved or
// removed.

import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, linkSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import {
  ADMIN_TOKEN,
  configText,
  SERVER_KEY,
  type TestServer,
  withServer,
  withStoppedServer,
} from "../support/server.ts";

const DAY_MS = 86_400_000;
const DAYS = 299;
const SUFFIXES = ["", "-wal", "-shm", "-lock", "-reserve"] as const;

async function statusOf(server: TestServer, message: string): Promise<number> {
  const answer = await server.post({ key: SERVER_KEY, source: "server", entries: [{ message }] });
  await answer.text();
  return answer.status;
}

async function readiness(server: TestServer): Promise<[status: number, reason: string]> {
  const answer = await fetch(`${server.url}/readyz`);
  return [answer.status, await answer.text()];
}

function errorsOf({ logLines }: TestServer): string[] {
  return logLines.filter(({ level }) => level === "ERROR").map(({ message }) => message);
}

async function messagesOf(server: TestServer): Promise<(string | undefined)[]> {
  return (await server.export()).map(({ message }) => message);
}

describe("a configuration that is wrong for a while", () => {
  const right = configText({ tables: '[projects.default]\nretention = "365d"' });
  const fill = (server: TestServer) => {
    const times = Array.from({ length: DAYS }, (_, index) => Date.now() - (index + 0.5) * DAY_MS);
    return server.send(times.map((timestamp, index) => ({ message: `day ${index}`, timestamp })));
  };
  const stored = async (server: TestServer) => (await server.metrics()).get("simplelogs_records");
  const shown = async (server: TestServer) => {
    const answer = await fetch(`${server.url}/api/v1/export`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    return (await answer.text()).split("\n").length - 1;
  };

  test("is not applied when the file is empty or has no keys, and the log says so", async () => {
    await withServer(right, async (server) => {
      await fill(server);
      for (const text of [
        "",
        "# nothing yet\n",
        `admin_token = "${ADMIN_TOKEN}"\n[projects.default]\nretention = "1d"\n`,
      ]) {
        const told = () =>
          server.logLines.filter(({ message }) => message.startsWith("the configuration was not reloaded"));
        const before = told().length;
        writeFileSync(server.configFile, text);
        await untilTrue("it is told of", () => told().length > before);
        server.signal("SIGHUP");
        await untilTrue("it is told of again", () => told().length > before + 1);
        expect(
          [await statusOf(server, "still taken"), await shown(server)].map((each) => each === 202 || each > DAYS),
        ).toEqual([true, true]);
      }
      expect(errorsOf(server).filter((message) => message.includes("there is no [[keys]] table")).length).toBe(6);
    });
  }, 180_000);

  test.each([
    ["a mistyped name", '[projects.defalut]\nretention = "365d"', 30],
    ["a half-typed number", '[projects.default]\nretention = "3d"', 3],
  ])(
    "by %s hides records but deletes none, and all are shown again once it is corrected",
    async (_, tables, days) => {
      await withServer(right, async (server) => {
        await fill(server);
        const wrong = configText({ tables });
        server.writeConfig(wrong);
        const hides = () =>
          server.logLines.find(({ message }) => message.includes("are hidden, and will be deleted at"));
        await untilTrue("it is told of", () => hides() !== undefined);
        const hidden = `keeps records for ${days} d now, before for 365 d: ${DAYS - days} records (`;
        expect(hides()?.message).toStartWith(`project "default" ${hidden}`);
        await eventually("they are hidden", async () => (await shown(server)) === days);
        // By a restart it is the same, with the log's help as well.
        await server.stop();
        await server.start();
        await Bun.sleep(500);
        expect([await stored(server), await shown(server)]).toEqual([DAYS, days]);
        await server.kill();
        server.writeConfig(right);
        await server.start();
        expect([await stored(server), await shown(server)]).toEqual([DAYS, DAYS]);
      });
    },
    60_000,
  );

  test("at a start also deletes no record", async () => {
    await withServer(right, async (server) => {
      await fill(server);
      await server.stop();
      server.writeConfig(configText());
      await server.start();
      await Bun.sleep(500);
      expect([await stored(server), await shown(server)]).toEqual([DAYS, 30]);
    });
  }, 180_000);
});

describe("a data file that is removed or moved under a running server", () => {
  test.each(["sync", "write"])(
    "makes the next request fail with 503 and /readyz report not ready, under %s",
    async (durability) => {
      await withServer(configText({ tables: `[storage]\ndurability = "${durability}"` }), async (server) => {
        const first = await statusOf(server, "before");
        for (const suffix of SUFFIXES) rmSync(server.dataFile + suffix, { force: true });
        const next = await statusOf(server, "after");
        const [ready, reason] = await readiness(server);
        expect([first, next, ready, reason.includes("the data file is gone")]).toEqual([202, 503, 503, true]);
        expect(errorsOf(server)).toEqual([
          `cannot write ${server.dataFile}: the data file is gone (${server.dataFile}): put it back, or start the server again`,
        ]);
        await server.stop();
        await server.start();
        expect([await statusOf(server, "again"), await messagesOf(server)]).toEqual([202, ["again"]]);
      });
    },
    60_000,
  );

  test("is noticed by itself under memory, and new requests are refused", async () => {
    await withServer(configText({ tables: '[storage]\ndurability = "memory"' }), async (server) => {
      await statusOf(server, "before");
      renameSync(server.dataFile, `${server.dataFile}.moved`);
      await eventually("it is not ready", async () => (await readiness(server))[0] === 503);
      expect(await statusOf(server, "after")).toBe(503);
    });
  }, 180_000);

  test("is used again once the same files are back, and holds every batch answered 202 once", async () => {
    await withServer(configText(), async (server) => {
      const taken: string[] = [];
      const sendTen = async (name: string) => {
        const messages = Array.from({ length: 10 }, (_, index) => `${name} ${index}`);
        const statuses = await Promise.all(messages.map((message) => statusOf(server, message)));
        taken.push(...messages.filter((_message, index) => statuses[index] === 202));
        return new Set(statuses);
      };
      for (let round = 0; round < 3; round++) {
        expect(await sendTen(`before ${round}`)).toEqual(new Set([202]));
        for (const suffix of ["", "-wal"]) renameSync(server.dataFile + suffix, `${server.dataFile}.moved${suffix}`);
        expect(await sendTen(`away ${round}`)).toEqual(new Set([503]));
        for (const suffix of ["-wal", ""]) renameSync(`${server.dataFile}.moved${suffix}`, server.dataFile + suffix);
        await eventually("it is ready", async () => (await readiness(server))[0] === 200);
      }
      await server.kill();
      await server.start();
      const messages = await messagesOf(server);
      expect([messages.length, new Set<string | undefined>(messages)]).toEqual([taken.length, new Set(taken)]);
    });
  }, 180_000);

  test("to another disk by a copy loses nothing when it is put back beside its log, after a stop or a crash", async () => {
    for (const end of ["stop", "kill"] as const) {
      await withServer(configText(), async (server) => {
        const copy = `${server.dataFile}.copy`;
        copyFileSync(server.dataFile, copy);
        const taken = await Promise.all(["one", "two", "three"].map((message) => statusOf(server, message)));
        rmSync(server.dataFile);
        const refused = await statusOf(server, "refused");
        await server[end]();
        const { exitCode, stderr } = await server.command("serve");
        expect([taken, refused, exitCode, stderr.includes("put the data file back beside it")]).toEqual([
          [202, 202, 202],
          503,
          1,
          true,
        ]);
        renameSync(copy, server.dataFile);
        await server.start();
        expect(new Set(await messagesOf(server))).toEqual(new Set(["one", "two", "three"]));
      });
    }
  }, 180_000);

  test("is not written when a backup was moved over it, until a restart reads the backup", async () => {
    await withServer(configText(), async (server) => {
      await statusOf(server, "in the backup");
      const backup = join(server.folder, "backup.db");
      expect((await server.command("backup", backup)).exitCode).toBe(0);
      await statusOf(server, "later");
      renameSync(backup, server.dataFile);
      const next = await statusOf(server, "after");
      const [ready, reason] = await readiness(server);
      expect([next, ready, reason.includes("was replaced by another one")]).toEqual([503, 503, true]);
      await Bun.sleep(1_500);
      expect(await statusOf(server, "still")).toBe(503);
      await server.kill();
      await server.start();
      expect([await statusOf(server, "again"), await messagesOf(server)]).toEqual([202, ["in the backup", "again"]]);
      const doctor = await server.command("doctor");
      expect([doctor.exitCode, doctor.stdout]).toEqual([0, doctor.stdout]);
    });
  }, 180_000);
});

describe("a start is refused", () => {
  test("after kill -9 when the data file was moved away from its log, and moving it back loses nothing", async () => {
    await withServer(configText(), async (server) => {
      for (let index = 0; index < 5; index++) await statusOf(server, `message ${index}`);
      await server.kill();
      const bytes = statSync(`${server.dataFile}-wal`).size;
      renameSync(server.dataFile, `${server.dataFile}.moved`);
      const refused = await server.command("serve");
      expect([
        refused.exitCode,
        refused.stderr.includes(`its log ${server.dataFile}-wal holds what was stored last`),
      ]).toEqual([1, true]);
      const reading = await server.command("export");
      expect([reading.exitCode, existsSync(server.dataFile)]).toEqual([1, false]);
      expect([bytes > 0, statSync(`${server.dataFile}-wal`).size]).toEqual([true, bytes]);
      renameSync(`${server.dataFile}.moved`, server.dataFile);
      await server.start();
      expect((await messagesOf(server)).length).toBe(5);
    });
  }, 180_000);

  test("for a second server that opens the same file by another name, and the first server's data stays whole", async () => {
    await withServer(configText(), async (server) => {
      await statusOf(server, "first");
      linkSync(server.dataFile, join(server.folder, "other.db"));
      const second = await server.command("serve", "--data", "other.db", "--port", "0");
      expect([second.exitCode, second.stderr.includes("it has more than one name (hard links)")]).toEqual([1, true]);
      await statusOf(server, "second");
      await server.kill();
      await server.start();
      expect(await messagesOf(server)).toEqual(["first", "second"]);
    });
  }, 180_000);
});

describe("a configuration file that is mounted as a single file", () => {
  test("accepts a new pair of keys and a revocation, and the running server applies both", async () => {
    await withStoppedServer(configText(), async (server) => {
      const mounted = join(server.folder, "mounted.toml");
      copyFileSync(server.configFile, mounted);
      // The server reads the file as the host has it; the commands run where it is mounted over another one.
      renameSync(server.configFile, join(server.folder, "host.toml"));
      writeFileSync(mounted, "");
      await server.start("--config", "host.toml");
      const isRoot = process.getuid?.() === 0;
      const inMount = (...commandLine: string[]) =>
        run(
          "unshare",
          [
            isRoot ? "--mount" : "--map-root-user",
            "--mount",
            "sh",
            "-c",
            'mount --bind host.toml mounted.toml && exec "$@"',
            "sh",
            EXECUTABLE,
            ...commandLine,
            "--config",
            "mounted.toml",
          ],
          { cwd: server.folder },
        );
      const reloads = () => server.logLines.filter(({ message }) => message === "configuration reloaded");
      const created = await inMount("keys", "create", "phone", "--origin", "https://example.com");
      expect([created.exitCode, created.stderr]).toEqual([0, ""]);
      await untilTrue("the new pair is there", () => reloads().at(-1)?.properties["keys"] === 2);
      const revoked = await inMount("keys", "revoke", "test");
      expect([revoked.exitCode, revoked.stderr]).toEqual([0, ""]);
      await eventually("the pair is revoked", async () => (await statusOf(server, "x")) === 401);
      expect([errorsOf(server), readdirSync(server.folder).filter((name) => name.endsWith(".tmp"))]).toEqual([[], []]);
    });
  }, 180_000);
});
