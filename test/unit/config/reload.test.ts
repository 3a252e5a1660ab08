import { describe, expect, test } from "bun:test";
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type LoadResult, parseSettings } from "../../../src/config/load.ts";
import { diffSettings, fileFingerprint, type SettingsWatch, watchSettings } from "../../../src/config/reload.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { untilTrue } from "../../support/condition.ts";
import { withFolder } from "../../support/folder.ts";

/** What a load came to: the name of the first pair, or its first problem. */
function outcome(result: LoadResult): string {
  return result.ok ? (result.settings.keys[0]?.name ?? "no pair") : (result.problems[0]?.message ?? "");
}

function config(name: string): string {
  return `[[keys]]\nname = "${name}"\nserver_sha256 = "${"0".repeat(64)}"\n`;
}

async function withWatch(
  work: (watch: SettingsWatch, file: string, outcomes: string[]) => Promise<void>,
  intervalMs = 5,
): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "simplelogs.toml");
    writeFileSync(file, config("first"));
    const outcomes: string[] = [];
    const watch = watchSettings({
      file,
      environment: {},
      intervalMs,
      loaded: (result) => {
        outcomes.push(outcome(result));
      },
    });
    try {
      await watch.reload();
      await work(watch, file, outcomes);
    } finally {
      watch.stop();
    }
  });
}

describe("watchSettings", () => {
  test("loads at once on request, changed or not", async () => {
    await withWatch(async (watch, _, outcomes) => {
      await watch.reload();
      expect(outcomes).toEqual(["first", "first"]);
    });
  });

  test("loads what was written between the first load and the first look", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      writeFileSync(file, config("first"));
      const fingerprint = await fileFingerprint(file);
      writeFileSync(file, config("second"));
      const outcomes: string[] = [];
      const loaded = (result: LoadResult) => void outcomes.push(outcome(result));
      const watch = watchSettings({ file, environment: {}, fingerprint, intervalMs: 5, loaded });
      try {
        await untilTrue("second", () => outcomes.at(-1) === "second");
      } finally {
        watch.stop();
      }
    });
  });

  test("loads a file that was written over, again and again", async () => {
    await withWatch(async (_, file, outcomes) => {
      for (const name of ["second", "third is longer"]) {
        writeFileSync(file, config(name));
        await untilTrue(name, () => outcomes.at(-1) === name);
      }
    });
  });

  test("loads a file that was replaced, as editors do", async () => {
    await withWatch(async (_, file, outcomes) => {
      for (const name of ["second", "third"]) {
        writeFileSync(`${file}.new`, config(name));
        renameSync(`${file}.new`, file);
        await untilTrue(name, () => outcomes.at(-1) === name);
      }
    });
  });

  test("reports a file that does not load or is missing, and loads the next one that does", async () => {
    await withWatch(async (_, file, outcomes) => {
      writeFileSync(file, "port = 'x'\n");
      await untilTrue("the problem", () => outcomes.at(-1)?.startsWith('port = "x": expected') === true);
      rmSync(file);
      await untilTrue("the absence", () => outcomes.at(-1)?.includes("there is no such file") === true);
      writeFileSync(file, config("back"));
      await untilTrue("back", () => outcomes.at(-1) === "back");
    });
  });

  test("loads what a link is turned to", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      for (const name of ["one", "two"]) writeFileSync(join(folder, `${name}.toml`), config(name));
      symlinkSync("one.toml", file);
      const outcomes: string[] = [];
      const watch = watchSettings({
        file,
        environment: {},
        intervalMs: 5,
        loaded: (result) => void outcomes.push(outcome(result)),
      });
      await watch.reload();
      symlinkSync("two.toml", `${file}.new`);
      renameSync(`${file}.new`, file);
      await untilTrue("two", () => outcomes.at(-1) === "two");
      watch.stop();
    });
  });

  test("loads nothing of a file that is being written, even on request", async () => {
    await withWatch(async (watch, file, outcomes) => {
      const writer = (async () => {
        for (let time = 0; time < 30; time++) {
          const text = config(`name ${time}`);
          const handle = await open(file, "r+");
          await handle.truncate(0);
          await delay(3);
          await handle.write(text.slice(0, -70));
          await delay(3);
          await handle.write(text.slice(-70));
          await handle.close();
          await delay(8);
        }
      })();
      // The writer pauses for far shorter than two looks are apart.
      while (outcomes.at(-1) !== "name 29") {
        await watch.reload();
        await delay(1);
      }
      await writer;
      expect(outcomes.filter((each) => each !== "first" && !each.startsWith("name"))).toEqual([]);
    }, 2_500);
  });

  test("goes on when a callback throws", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      writeFileSync(file, config("first"));
      const outcomes: string[] = [];
      const watch = watchSettings({
        file,
        environment: {},
        intervalMs: 5,
        loaded: (result) => {
          outcomes.push(outcome(result));
          if (outcomes.length === 2) throw new Error("thrown on purpose");
        },
      });
      await watch.reload();
      for (const name of ["second", "third"]) {
        writeFileSync(file, config(name));
        await untilTrue(name, () => outcomes.at(-1) === name);
      }
      watch.stop();
    });
  });

  test("is silent after stop", async () => {
    await withWatch(async (watch, file, outcomes) => {
      watch.stop();
      writeFileSync(file, config("second"));
      await watch.reload();
      expect(outcomes).toEqual(["first"]);
    });
  });
});

describe("diffSettings", () => {
  const settingsOf = (text: string): Settings => {
    const result = parseSettings(text, "simplelogs.toml", {});
    if (!result.ok) throw new Error(outcome(result));
    return result.settings;
  };

  test("names nothing between equal files, nor what a reload applies", () => {
    const live = `admin_token = "0123456789abcdef"\nmetrics_open = true\ntrusted_proxies = ["::1"]\n${config("new")}[projects.a]\nretention = "1d"\n[log]\nlevel = "debug"\n`;
    expect(diffSettings(settingsOf(""), settingsOf(""))).toEqual([]);
    expect(diffSettings(settingsOf(""), settingsOf(live))).toEqual([]);
  });

  test("names what needs a restart, in the order of the file", () => {
    const text = 'dedupe.requests = 5\nqueue.bytes = "1MiB"\nport = 1\n[tls]\ncert = "a"\nkey = "b"\n';
    expect(diffSettings(settingsOf(""), settingsOf(text))).toEqual([
      "port",
      "queue.bytes",
      "dedupe.requests",
      "tls.cert",
      "tls.key",
    ]);
  });
});
