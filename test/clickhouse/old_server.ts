// Debian's clickhouse-server (18.16), as it comes: what somebody gets who installs ClickHouse from there.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free_port.ts";

const PROGRAM = process.env["SIMPLELOGS_TEST_OLD_CLICKHOUSE"] ?? "/usr/sbin/clickhouse-server";
const START_MS_MAX = 30_000;

function configOf(folder: string, port: number): string {
  return `<yandex>
  <logger><level>error</level><console>1</console></logger>
  <http_port>${port}</http_port><listen_host>127.0.0.1</listen_host>
  <path>${folder}/data/</path><tmp_path>${folder}/tmp/</tmp_path>
  <users_config>${folder}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>5368709120</mark_cache_size>
</yandex>`;
}

const USERS = `<yandex>
  <profiles><default></default></profiles><quotas><default></default></quotas>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota></default></users>
</yandex>`;

/** Runs `work` with the address of a server. */
export async function withOldServer<T>(work: (url: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "simplelogs-clickhouse-18-"));
  let child: ChildProcess | undefined;
  try {
    const port = await freePort();
    for (const name of ["data", "tmp"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "config.xml"), configOf(folder, port));
    writeFileSync(join(folder, "users.xml"), USERS);
    child = spawn(PROGRAM, [`--config-file=${join(folder, "config.xml")}`], { cwd: folder, stdio: "ignore" });
    const url = `http://127.0.0.1:${port}`;
    const giveUpAt = Date.now() + START_MS_MAX;
    for (;;) {
      const isUp = await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      );
      if (isUp) break;
      if (Date.now() > giveUpAt) throw new Error("clickhouse-server does not answer");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return await work(url);
  } finally {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
