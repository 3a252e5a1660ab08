import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInitialConfig, exampleConfigText, firstRunText } from "../../../src/config/initial.ts";
import { hashKey } from "../../../src/config/keys.ts";
import { loadSettings, parseSettings } from "../../../src/config/load.ts";
import { createConfigFile, writeConfigFile } from "../../../src/config/write.ts";
import { failureOf } from "../../support/failure.ts";
import { withFolder } from "../../support/folder.ts";
import { run } from "../../support/run.ts";

const EXAMPLE = join(import.meta.dir, "../../../scripts/simplelogs.example.toml");
/** A user that owns nothing here. */
const NOBODY = 65_534;

describe("the example", () => {
  test("loads, with no keys of which it warns, and says the defaults wherever it says a value", () => {
    const text = readFileSync(EXAMPLE, "utf8");
    const example = parseSettings(text, EXAMPLE, {});
    const empty = parseSettings("", EXAMPLE, {});
    if (!example.ok || !empty.ok) throw new Error(JSON.stringify([example, empty]));
    expect(example.warnings.map(({ message }) => message)).toEqual([expect.stringContaining("there are no [[keys]]")]);
    const { keys, projects, unusedProjects, ...values } = example.settings;
    const { keys: noKeys, projects: noProjects, unusedProjects: noUnused, ...defaults } = empty.settings;
    expect(values).toEqual(defaults);
    expect([keys, noKeys, noProjects, unusedProjects, noUnused]).toEqual([[], [], {}, ["shop"], []]);
    expect(projects).toEqual({
      shop: { retentionMs: 30 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
    });
  });

  test("names every setting", () => {
    const text = readFileSync(EXAMPLE, "utf8");
    const result = parseSettings(
      "x = 1\n[queue]\nx = 1\n[[keys]]\nx = 1\n[projects.a]\nx = 1\n[storage]\nx = 1\n[timings]\nx = 1\n[dedupe]\nx = 1\n[log]\nx = 1\n[tls]\nx = 1\n",
      EXAMPLE,
      {},
    );
    const problems = result.ok ? [] : result.problems;
    const names = problems.flatMap(({ message }) => (/\(known here: (.*)\)/.exec(message)?.[1] ?? "").split(", "));
    expect(names.length).toBeGreaterThan(35);
    expect(names.filter((name) => name !== "" && !text.includes(name))).toEqual([]);
  });

  test("is the text of the template; write exampleConfigText() there after a change", () => {
    expect(readFileSync(EXAMPLE, "utf8")).toBe(exampleConfigText());
  });
});

describe("createInitialConfig", () => {
  test("makes a private file with fresh keys that loads without a warning", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      const keys = await createInitialConfig(file);
      const result = await loadSettings(file, {});
      expect(result).toMatchObject({
        ok: true,
        warnings: [],
        settings: {
          adminTokenSha256: hashKey(keys.adminToken),
          keys: [{ name: "default", serverSha256: hashKey(keys.serverKey), clientSha256: hashKey(keys.clientKey) }],
        },
      });
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readdirSync(folder)).toEqual(["simplelogs.toml"]);
    });
  });

  test("never replaces a file, unless forced; then the file is private whatever it was", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      writeFileSync(file, "port = 1\n", { mode: 0o644 });
      expect(await failureOf(createInitialConfig(file))).toMatchObject({ code: "usage" });
      expect(readFileSync(file, "utf8")).toBe("port = 1\n");
      const first = await createInitialConfig(file, { force: true });
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const second = await createInitialConfig(file, { force: true });
      expect(readFileSync(file, "utf8")).toContain(second.serverKey);
      expect(new Set([...Object.values(first), ...Object.values(second)]).size).toBe(6);
    });
  });

  test("says why a file cannot be made", async () => {
    await withFolder(async (folder) => {
      expect(await failureOf(createInitialConfig(join(folder, "none", "x.toml")))).toMatchObject({
        code: "io",
        message: `cannot make ${join(folder, "none", "x.toml")}: ENOENT`,
      });
    });
  });
});

describe("firstRunText", () => {
  const keys = { serverKey: "sk_s", clientKey: "ck_c", adminToken: "token" };

  test("has one curl line whose body is JSON after the shell has filled in the time, and then the address of the app", () => {
    const lines = firstRunText(keys, "http://127.0.0.1:7070").trimEnd().split("\n");
    expect(lines.at(-1)).toBe("Then open http://127.0.0.1:7070 in a browser, and sign in with the admin token.");
    const curl = lines.at(-3) ?? "";
    expect(curl).toStartWith(
      'curl -X POST http://127.0.0.1:7070/api/v1/enqueue -H "Content-Type: application/json" -d \'{',
    );
    const body = curl.slice(curl.indexOf("-d '") + 4, -1).replace(`'"$(date +%s000)"'`, "1718900000000");
    expect(JSON.parse(body)).toEqual({
      key: "sk_s",
      source: "server",
      entries: [
        {
          touchpoint: "api/orders/submit",
          message: "Order placed",
          level: "info",
          timestamp: 1_718_900_000_000,
          metadata: { orderId: "ord_123" },
        },
      ],
    });
  });

  test.each([
    ["http://0.0.0.0:7070", "http://127.0.0.1:7070/"],
    ["http://[::]:7070", "http://[::1]:7070/"],
    ["https://logs.example.com/", "https://logs.example.com/"],
  ])("turns %s into an address that can be reached", (url, reachable) => {
    expect(firstRunText(keys, url)).toContain(`curl -X POST ${reachable}api/v1/enqueue `);
  });
});

describe("writeConfigFile", () => {
  test("replaces the target of a link, keeps its mode, and leaves no other file", async () => {
    await withFolder(async (folder) => {
      const target = join(folder, "real.toml");
      const link = join(folder, "simplelogs.toml");
      writeFileSync(target, "old", { mode: 0o640 });
      symlinkSync("real.toml", link);
      await writeConfigFile(link, "new");
      expect([readFileSync(target, "utf8"), lstatSync(link).isSymbolicLink()]).toEqual(["new", true]);
      expect(statSync(target).mode & 0o777).toBe(0o640);
      expect(readdirSync(folder).toSorted()).toEqual(["real.toml", "simplelogs.toml"]);
    });
  });

  test("says why there is nothing to replace", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "none.toml");
      expect(await failureOf(writeConfigFile(file, "x"))).toMatchObject({
        code: "io",
        message: `cannot write ${file}: ENOENT`,
      });
      expect(readdirSync(folder)).toEqual([]);
    });
  });
});

/** Writes the file by another process: with a program before it that changes what it may do. */
async function writeElsewhere(before: readonly string[], file: string, text: string): Promise<void> {
  const source = JSON.stringify(join(import.meta.dir, "../../../src/config/write.ts"));
  const script = `await (await import(${source})).writeConfigFile(${JSON.stringify(file)}, ${JSON.stringify(text)})`;
  const { exitCode, stderr } = await run("env", [...before, process.execPath, "-e", script]);
  if (exitCode !== 0) throw new Error(`the file was not written: ${stderr}`);
}

const isRoot = process.getuid?.() === 0;

describe("writeConfigFile, if the file cannot be replaced", () => {
  test.each(["longer than before, by far", "short"])("writes over one that is mounted by itself: %s", async (text) => {
    await withFolder(async (folder) => {
      const [file, source] = [join(folder, "simplelogs.toml"), join(folder, "of the host.toml")];
      writeFileSync(file, "");
      writeFileSync(source, "what was there", { mode: 0o640 });
      const before = lstatSync(source).ino;
      const mount = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
      // In a namespace of its own: the mount ends with the process.
      const unshare = ["unshare", isRoot ? "--mount" : "--map-root-user", "--mount"];
      await writeElsewhere([...unshare, "sh", "-c", mount, "sh", source, file], file, text);
      const { ino, mode } = lstatSync(source);
      expect([readFileSync(source, "utf8"), ino, mode & 0o777]).toEqual([text, before, 0o640]);
      expect(readdirSync(folder).toSorted()).toEqual(["of the host.toml", "simplelogs.toml"]);
    });
  });

  test("writes over one in a folder that is another user's", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      writeFileSync(file, "what was there", { mode: 0o600 });
      if (isRoot) chownSync(file, NOBODY, NOBODY);
      chmodSync(folder, 0o555);
      const asNobody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
      await writeElsewhere(isRoot ? asNobody : [], file, "short");
      chmodSync(folder, 0o755);
      const { mode, uid } = lstatSync(file);
      expect([readFileSync(file, "utf8"), mode & 0o777]).toEqual(["short", 0o600]);
      expect([uid, readdirSync(folder)]).toEqual([isRoot ? NOBODY : uid, ["simplelogs.toml"]]);
    });
  });

  test("overwrites a file in a folder where only owners may remove files", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "simplelogs.toml");
      writeFileSync(file, "what was there");
      // Anybody may write it, and nobody else may remove it. Without root there is no other user to be: then it is
      // replaced.
      chmodSync(file, 0o666);
      chmodSync(folder, 0o1777);
      const asNobody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
      const { ino } = lstatSync(file);
      await writeElsewhere(isRoot ? asNobody : [], file, "new");
      const now = lstatSync(file);
      expect([readFileSync(file, "utf8"), now.uid, now.mode & 0o777]).toEqual(["new", process.getuid?.() ?? 0, 0o666]);
      expect([now.ino === ino, readdirSync(folder)]).toEqual([isRoot, ["simplelogs.toml"]]);
    });
  });
});

describe("createConfigFile", () => {
  test("does not follow a link that leads nowhere", async () => {
    await withFolder(async (folder) => {
      const link = join(folder, "simplelogs.toml");
      symlinkSync("elsewhere.toml", link);
      expect(await failureOf(createConfigFile(link, "x"))).toMatchObject({ code: "usage" });
      expect(readdirSync(folder)).toEqual(["simplelogs.toml"]);
    });
  });
});
