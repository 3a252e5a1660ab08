// `simplelogs sdk`: what it shows and writes, and where it takes the server's address from.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { registerSdk } from "../../../src/cli/sdk.ts";
import type { ClientLibrary } from "../../../src/runtime/client_library.ts";
import { withFolder } from "../../support/folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const file = (name: string, text: string) => ({ name, type: "text/plain", bodies: { identity: bytes(text) } });
const LIBRARY: ClientLibrary = {
  version: "1.2.3",
  files: [
    { ...file("simplelogs.js", "script"), bodies: { br: bytes("s"), identity: bytes("script") } },
    file("deferred.js", "script"),
    file("simplelogs.mjs", "module"),
    file("simplelogs.d.ts", "types"),
    file("simplelogs.py", "python"),
    file("simplelogs.tgz", "package"),
  ],
};
/** SHA-384 of "script", from `printf script | openssl dgst -sha384 -binary | base64`. */
const INTEGRITY = "sha384-6ue5d2QaPwlaMGhNVnY+j4dug2fnmrD4zxJxcL2G/+on/gwRUMV5t16bKlY1s8CK";

interface Settings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly library?: ClientLibrary | "none";
}

/** What the command writes to standard output; rejects as it does. */
async function sdk(commandLine: readonly string[], { cwd = "/", env = {}, library = LIBRARY }: Settings = {}) {
  let out = "";
  const stdout = { write: (text: string) => (out += text) };
  const program = new Command().exitOverride();
  const context = { stdout, stderr: stdout, env, cwd, isTerminal: false, isErrorTerminal: false };
  registerSdk(program, context, () => Promise.resolve(library === "none" ? undefined : library));
  await program.parseAsync(["sdk", ...commandLine], { from: "user" });
  return out;
}

async function failure(commandLine: readonly string[], settings: Settings = {}): Promise<unknown> {
  return sdk(commandLine, settings).then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function shownUrl(settings: Settings, ...commandLine: string[]): Promise<string> {
  return (JSON.parse(await sdk(["--json", ...commandLine], settings)) as { url: string }).url;
}

describe("simplelogs sdk shows", () => {
  test("each file's address, sizes, integrity, and the line that loads it", async () => {
    const out = await sdk(["--url", "https://logs.example.com/"]);
    expect(out).toStartWith("The client library 1.2.3\n");
    const [script] = out.split("\n\n").slice(1);
    expect(script?.split("\n")).toEqual([
      "simplelogs.js  6 bytes, 1 compressed",
      "  https://logs.example.com/sdk/1.2.3/simplelogs.js",
      `  ${INTEGRITY}`,
      `  <script src="https://logs.example.com/sdk/1.2.3/simplelogs.js" integrity="${INTEGRITY}" crossorigin="anonymous" data-client-key="ck_your_client_key"></script>`,
    ]);
    expect(out).toContain('import { SimpleLogs } from "https://logs.example.com/sdk/1.2.3/simplelogs.mjs";\n');
    expect(out).toContain("npm install https://logs.example.com/sdk/1.2.3/simplelogs.tgz\n");
    expect(out).toContain("https://logs.example.com/sdk/1.2.3/simplelogs.py\n");
    // SHA-256 of "script": the script names what it loads by this one.
    const loaded = "sha256-IaAnC39moeTCWTPxOh5aG7tHV1eAcpMMgYkTH5xqquE=";
    expect(out).toEndWith(
      `  Content-Security-Policy: script-src '${INTEGRITY}' '${loaded}'; connect-src https://logs.example.com\n`,
    );
  });

  test("the same as JSON", async () => {
    const report = JSON.parse(await sdk(["--json", "--url", "http://localhost:1"])) as {
      readonly version: string;
      readonly url: string;
      readonly files: readonly Readonly<Record<string, unknown>>[];
    };
    expect([report.version, report.url, report.files.map(({ name }) => name)]).toEqual([
      "1.2.3",
      "http://localhost:1",
      LIBRARY.files.map(({ name }) => name),
    ]);
    expect(report.files[3]).toEqual({
      name: "simplelogs.d.ts",
      url: "http://localhost:1/sdk/1.2.3/simplelogs.d.ts",
      plainUrl: "http://localhost:1/sdk/simplelogs.d.ts",
      bytes: 5,
      loadedBytes: 5,
      integrity: expect.stringMatching(/^sha384-[\w+/]{64}$/),
    });
  });
});

describe("the server's address is", () => {
  const config = (text: string) => (folder: string) => writeFileSync(join(folder, "simplelogs.toml"), text);
  const url = { SIMPLELOGS_URL: "https://env.example.com" };
  const cases: readonly (readonly [
    what: string,
    make: (folder: string) => void,
    env: Readonly<Record<string, string>>,
    commandLine: readonly string[],
    expected: string,
  ])[] = [
    ["that of --url before all others", config("port = 1234"), url, ["--url", "http://a:1"], "http://a:1"],
    ["the environment's", config("port = 1234"), url, [], "https://env.example.com"],
    ["the configuration's", config("port = 1234"), {}, [], "http://127.0.0.1:1234"],
    [
      "that of a configuration that is named, before the environment's",
      config("port = 1234"),
      url,
      ["-c", "simplelogs.toml"],
      "http://127.0.0.1:1234",
    ],
    [
      "one that can be asked where the server listens on all",
      config('host = "0.0.0.0"'),
      {},
      [],
      "http://127.0.0.1:7070",
    ],
    ["the default one without a configuration", () => {}, {}, [], "http://127.0.0.1:7070"],
  ];
  test.each(cases)("%s", (_, make, env, commandLine, expected) =>
    withFolder(async (cwd) => {
      make(cwd);
      expect(await shownUrl({ cwd, env }, ...commandLine)).toBe(expected);
    }),
  );

  test.each(["ftp://a", "logs.example.com", "https://u:p@a", "https://a?b", ""])("never %j", async (text) => {
    expect(await failure(["--url", text])).toMatchObject({ code: "usage", message: expect.stringContaining("--url") });
  });

  test("required if the configuration listens on any port", () =>
    withFolder(async (cwd) => {
      config("port = 0")(cwd);
      expect(await failure([], { cwd })).toMatchObject({ code: "usage", message: expect.stringContaining("--url") });
    }));
});

describe("simplelogs sdk writes", () => {
  test("the files, unchanged, into a folder that it makes, replacing older ones", () =>
    withFolder(async (cwd) => {
      for (const out of ["public/sdk", "./public/sdk/"]) {
        expect(await sdk(["--out", out], { cwd })).toContain("Wrote public/sdk/simplelogs.js (6 bytes)\n");
      }
      const folder = join(cwd, "public", "sdk");
      const written = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]);
      expect(Object.fromEntries(written)).toEqual({
        "simplelogs.js": "script",
        "deferred.js": "script",
        "simplelogs.mjs": "module",
        "simplelogs.d.ts": "types",
        "simplelogs.py": "python",
      });
    }));

  test("the npm package under its version, alone or beside the files", () =>
    withFolder(async (cwd) => {
      const report = JSON.parse(await sdk(["--pack", "--json"], { cwd })) as object;
      expect(report).toEqual({ version: "1.2.3", written: [{ file: join(cwd, "simplelogs-1.2.3.tgz"), bytes: 7 }] });
      expect(readdirSync(cwd)).toEqual(["simplelogs-1.2.3.tgz"]);
      await sdk(["--pack", "--out", "both"], { cwd });
      expect(readdirSync(join(cwd, "both"))).toHaveLength(LIBRARY.files.length);
    }));

  test("nothing if it cannot, and reports that", () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, "taken"), "");
      expect(await failure(["--out", "taken"], { cwd })).toMatchObject({ code: "io" });
      expect(await failure(["--out", ""], { cwd })).toMatchObject({ code: "usage" });
      expect(await failure(["--pack"], { cwd, library: "none" })).toMatchObject({
        code: "io",
        message: expect.stringContaining("scripts/build"),
      });
      expect(readdirSync(cwd)).toEqual(["taken"]);
    }));
});
