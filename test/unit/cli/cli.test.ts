import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { registerCheck } from "../../../src/cli/check.ts";
import { addConfigOption } from "../../../src/cli/context.ts";
import { registerKeys } from "../../../src/cli/keys.ts";
import { registerInit } from "../../../src/cli/serve.ts";
import { hashKey } from "../../../src/config/keys.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import { withFolder } from "../../support/folder.ts";

interface Run {
  readonly out: string;
  readonly err: string;
  readonly error: OperatingError | undefined;
}

/** Runs one command line in the folder, as main does but for the exit code. */
async function run(folder: string, line: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  let [out, err] = ["", ""];
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: (text: string) => (err += text) };
  const context = { stdout, stderr, env, cwd: folder, isTerminal: false, isErrorTerminal: false };
  const program = addConfigOption(new Command("simplelogs"));
  for (const register of [registerInit, registerCheck, registerKeys]) register(program, context);
  try {
    await program.parseAsync([...line], { from: "user" });
    return { out, err, error: undefined };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { out, err, error };
  }
}

const SERVER = "sk_0123456789abcdef";
const CLIENT = "ck_0123456789abcdef";
/** Whether it can listen is looked at as well, and somebody may listen on the default port. */
const ANY_PORT = "port = 0";
const CONFIG = `[[keys]]
name = "web shop"                # mine
project = "shop"
server = "${SERVER}"
client = "${CLIENT}"
origins = ["https://shop.example.com"]
rate = 500
`;

async function withConfig(text: string, work: (folder: string, file: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "simplelogs.toml");
    writeFileSync(file, text, { mode: 0o600 });
    await work(folder, file);
  });
}

describe("init", () => {
  test("makes a file that check finds right, and prints its keys with a curl line", async () => {
    await withFolder(async (folder) => {
      const { out, err, error } = await run(folder, ["init"]);
      expect([err, error]).toEqual(["", undefined]);
      const file = join(folder, "simplelogs.toml");
      const text = readFileSync(file, "utf8");
      const keys = out.match(/[sc]k_[A-Za-z0-9_-]{32}/g) ?? [];
      expect(keys.length).toBe(3);
      expect(keys.every((key) => text.includes(`"${key}"`))).toBe(true);
      expect(out.trimEnd().split("\n").at(-3)).toStartWith("curl -X POST http://127.0.0.1:7070/api/v1/enqueue ");
      expect(text).toMatch(/^port = 7070 /m);
      writeFileSync(file, text.replace("port = 7070", ANY_PORT));
      expect((await run(folder, ["check"])).out).toStartWith("OK simplelogs.toml\n");
    });
  });

  test("makes the file that --config names, before or after the command", async () => {
    await withFolder(async (folder) => {
      await run(folder, ["--config", "a.toml", "init"]);
      await run(folder, ["init", "--config", join(folder, "b.toml")]);
      expect(["a.toml", "b.toml", "simplelogs.toml"].map((name) => existsSync(join(folder, name)))).toEqual([
        true,
        true,
        false,
      ]);
    });
  });

  test("keeps an existing file, unless forced", async () => {
    await withConfig(CONFIG, async (folder, file) => {
      const { out, error } = await run(folder, ["init"]);
      expect([out, error?.code, readFileSync(file, "utf8")]).toEqual(["", "usage", CONFIG]);
      expect((await run(folder, ["init", "--force"])).error).toBeUndefined();
      expect(readFileSync(file, "utf8")).not.toContain(SERVER);
    });
  });
});

describe("check", () => {
  test("prints OK and a summary with masked keys", async () => {
    await withConfig(`${ANY_PORT}\n${CONFIG}`, async (folder) => {
      const { out, err, error } = await run(folder, ["check"]);
      expect([err, error]).toEqual(["", undefined]);
      expect(out).toBe(
        [
          "OK simplelogs.toml",
          "listen      http, 127.0.0.1 port any",
          `data        ${join(folder, "simplelogs.db")}`,
          "durability  sync",
          "reading     off (no admin_token)",
          "keys        1 pair",
          "  web shop (project shop): sk_0123…, ck_0123…",
          "projects    1",
          "  shop: retention 30 days",
          "",
        ].join("\n"),
      );
    });
  });

  test("says the same as JSON", async () => {
    await withConfig(`${ANY_PORT}\n${CONFIG}`, async (folder, file) => {
      const { out } = await run(folder, ["check", "--json"]);
      expect(JSON.parse(out)).toEqual({
        ok: true,
        file,
        warnings: [],
        host: "127.0.0.1",
        port: 0,
        tls: false,
        data: join(folder, "simplelogs.db"),
        durability: "sync",
        readers: [],
        reading: false,
        keys: [
          {
            name: "web shop",
            project: "shop",
            server: "sk_0123…",
            client: "ck_0123…",
            origins: ["https://shop.example.com"],
            rate: 500,
            revoked: false,
          },
        ],
        projects: { shop: { retentionMs: 2_592_000_000, overage: "continue" } },
      });
    });
  });

  test("warns on stderr, and is content", async () => {
    await withConfig(`${ANY_PORT}\n[[keys]]\nname = "ab"\nclient = "${CLIENT}"\n`, async (folder, file) => {
      chmodSync(file, 0o600);
      const { err, error } = await run(folder, ["check"]);
      expect([err, error]).toEqual([
        'simplelogs.toml:2: warning: keys: the client key of "ab" has no origins: it is always rejected\n',
        undefined,
      ]);
    });
  });

  test("lists every problem as file:line: message", async () => {
    await withConfig('port = 70000\nhosst = "x"\n', async (folder, file) => {
      const { out, error } = await run(folder, ["check"]);
      expect([out, error?.code]).toEqual(["", "config_invalid"]);
      expect(error?.message.split("\n")).toEqual([
        "2 problems in the configuration",
        "simplelogs.toml:1: port = 70000: expected a whole number from 0 to 65535",
        expect.stringMatching(/^simplelogs\.toml:2: hosst: unknown name; did you mean "host"\?/),
      ]);
      const json = await run(folder, ["check", "--json"]);
      expect(json.error?.code).toBe("config_invalid");
      expect(JSON.parse(json.out)).toMatchObject({
        ok: false,
        problems: [
          { file, line: 1 },
          { file, line: 2 },
        ],
      });
    });
  });

  test("reports a missing file", async () => {
    await withFolder(async (folder) => {
      const { error } = await run(folder, ["check", "--config", "none.toml"]);
      expect([error?.code, error?.message]).toEqual([
        "config_invalid",
        "1 problem in the configuration\nnone.toml: cannot read the configuration: there is no such file; `simplelogs init` makes one",
      ]);
    });
  });
});

describe("keys create", () => {
  test("adds a pair after the others and prints its keys", async () => {
    await withConfig(CONFIG, async (folder, file) => {
      const line = [
        "keys",
        "create",
        "app",
        "--project",
        "mobile",
        "--origin",
        "https://A.example.com:443",
        "--origin",
        "http://b",
        "--rate",
        "5",
      ];
      const { out, err, error } = await run(folder, line);
      expect([err, error]).toEqual(["", undefined]);
      const [server = "", client = ""] = out.match(/[sc]k_[A-Za-z0-9_-]{32}/g) ?? [];
      expect(out).toBe(
        `Added "app" to simplelogs.toml. The keys, shown once:\n  server key  ${server}\n  client key  ${client}\n`,
      );
      expect(readFileSync(file, "utf8")).toBe(
        `${CONFIG}\n[[keys]]\nname = "app"\nproject = "mobile"\nserver = "${server}"\nclient = "${client}"\norigins = ["https://a.example.com", "http://b"]\nrate = 5\n`,
      );
      expect(statSync(file).mode & 0o777).toBe(0o600);
    });
  });

  test("writes only hashes on request", async () => {
    await withConfig(CONFIG, async (folder, file) => {
      const { out } = await run(folder, ["keys", "create", "app", "--hashed", "--json"]);
      const created: unknown = JSON.parse(out);
      expect(created).toEqual({
        name: "app",
        project: "default",
        server: expect.stringMatching(/^sk_.{32}$/),
        client: expect.stringMatching(/^ck_.{32}$/),
      });
      const { server, client } = created as { server: string; client: string };
      const text = readFileSync(file, "utf8");
      expect(text).toContain(`server_sha256 = "${hashKey(server)}"\nclient_sha256 = "${hashKey(client)}"\n`);
      expect([text.includes(server), text.includes(client)]).toEqual([false, false]);
    });
  });

  test("makes one half only, and warns of a client key without origins", async () => {
    await withConfig(CONFIG, async (folder, file) => {
      const server = await run(folder, ["keys", "create", "back end", "--server-only"]);
      expect([server.out.match(/[sc]k_/g), server.err]).toEqual([["sk_"], ""]);
      const client = await run(folder, ["keys", "create", "front end", "--client-only"]);
      expect(client.out.match(/[sc]k_/g)).toEqual(["ck_"]);
      expect(client.err).toBe("warning: the client key is rejected until the pair has origins (--origin)\n");
      expect(readFileSync(file, "utf8").match(/^(server|client) = /gm)).toEqual([
        "server = ",
        "client = ",
        "server = ",
        "client = ",
      ]);
    });
  });

  test.each([
    [["web shop"], 'there is a pair named "web shop" already'],
    [["x"], 'name "x": expected 2 to 80 characters'],
    [["ab", "--project", ""], '--project "": expected 1 to 80 characters'],
    [["ab", "--origin", "*"], '--origin "*": every origin cannot be allowed'],
    [["ab", "--origin", "https://a/b"], '--origin "https://a/b": an origin has no path'],
    [["ab", "--rate", "0"], '--rate "0": expected entries a second'],
    [["ab", "--rate", "many"], '--rate "many": expected entries a second'],
    [["ab", "--server-only", "--client-only"], "--server-only and --client-only exclude each other"],
    [["ab", "--server-only", "--origin", "http://a"], "--origin is for client keys"],
  ])("refuses %j and leaves the file alone", async (line, message) => {
    await withConfig(CONFIG, async (folder, file) => {
      const { out, error } = await run(folder, ["keys", "create", ...line]);
      expect([out, error?.code, error?.message]).toEqual(["", "usage", expect.stringContaining(message)]);
      expect(readFileSync(file, "utf8")).toBe(CONFIG);
    });
  });

  test("refuses to edit a file that does not load, or is not there", async () => {
    await withConfig("port = 70000\n", async (folder, file) => {
      expect((await run(folder, ["keys", "create", "ab"])).error?.code).toBe("config_invalid");
      expect(readFileSync(file, "utf8")).toBe("port = 70000\n");
      expect((await run(folder, ["keys", "create", "ab", "--config", "none.toml"])).error?.code).toBe("config_invalid");
      expect(existsSync(join(folder, "none.toml"))).toBe(false);
    });
  });
});

describe("keys list", () => {
  test("shows the pairs in columns, keys masked and control characters escaped", async () => {
    const second = `[[keys]]\nname = "läden"\nserver_sha256 = "${hashKey("x")}"\nrevoked = true\n`;
    await withConfig(CONFIG + second, async (folder) => {
      const { out } = await run(folder, ["keys", "list"]);
      expect(out).toBe(
        [
          "NAME      PROJECT  SERVER            CLIENT    RATE   STATE    ORIGINS",
          "web shop  shop     sk_0123…          ck_0123…  500/s  active   https://shop.example.com",
          `läden     default  sha256:${hashKey("x").slice(0, 8)}…  -         -      revoked  -`,
          "",
        ].join("\n"),
      );
    });
  });

  test("shows them as JSON", async () => {
    await withConfig(CONFIG, async (folder) => {
      const { out } = await run(folder, ["keys", "list", "--json"]);
      expect(JSON.parse(out)).toEqual([
        {
          name: "web shop",
          project: "shop",
          server: "sk_0123…",
          client: "ck_0123…",
          origins: ["https://shop.example.com"],
          rate: 500,
          revoked: false,
        },
      ]);
    });
  });
});

describe("keys revoke", () => {
  test("revokes the pair in the file, once", async () => {
    await withConfig(CONFIG, async (folder, file) => {
      expect((await run(folder, ["keys", "revoke", "web shop"])).out).toBe('Revoked "web shop" in simplelogs.toml\n');
      expect(readFileSync(file, "utf8")).toBe(`${CONFIG}revoked = true\n`);
      expect((await run(folder, ["keys", "revoke", "web shop"])).out).toBe(
        'Already revoked: "web shop" in simplelogs.toml\n',
      );
      expect(readFileSync(file, "utf8")).toBe(`${CONFIG}revoked = true\n`);
    });
  });

  test("refuses an unknown name with the nearest known one", async () => {
    await withConfig(CONFIG, async (folder, file) => {
      const { error } = await run(folder, ["keys", "revoke", "webshop"]);
      expect([error?.code, error?.message]).toEqual([
        "usage",
        'there is no pair named "webshop": did you mean "web shop"?',
      ]);
      expect(readFileSync(file, "utf8")).toBe(CONFIG);
    });
  });
});
