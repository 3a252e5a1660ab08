import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exampleConfigText } from "../../../src/config/initial.ts";
import { generateAdminToken, generateKey, hashKey, maskKeysIn } from "../../../src/config/keys.ts";
import { maskKey } from "../../../src/core/secrets.ts";
import { problemsOf } from "../../support/configuration.ts";
import { PAGES, ROOT } from "../docs/pages.ts";

describe("keys", () => {
  test("are a prefix and 32 letters, digits and underscores, which the DSN of an SDK of Sentry takes", () => {
    const texts = Array.from({ length: 200 }, () => [generateKey("server"), generateKey("client")]).flat();
    expect(texts.filter((text) => !/^[sc]k_\w{32}$/.test(text))).toEqual([]);
  });

  test("and tokens need no escaping in URLs, JSON and shells", () => {
    expect(generateAdminToken()).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  test("are never made twice", () => {
    expect(new Set(Array.from({ length: 1000 }, () => generateKey("server"))).size).toBe(1000);
  });

  test("hash as SHA-256 of UTF-8 (FIPS 180-4's example)", () => {
    expect(hashKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(hashKey("é")).toBe("4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c");
  });

  test.each([
    ["sk_0123456789abcdef", "sk_0123…"],
    ["ck_0123456789abcdef", "ck_0123…"],
    ["sk_tooshort", "sk_…"],
    ["hunter2hunter2hunter2", "…"],
    ["", "…"],
  ])("%j is shown as %j", (key, shown) => {
    expect(maskKey(key)).toBe(shown);
  });

  test("are masked inside other text", () => {
    expect(maskKeysIn('name = "sk_0123456789abcdef" and ck_short, not task_list')).toBe(
      'name = "sk_0123…" and ck_…, not task_list',
    );
  });
});

const DOCUMENTS = [
  ...PAGES,
  ..."scripts/Dockerfile scripts/simplelogs.service scripts/simplelogs.example.toml".split(" "),
  ..."src/web/pages/overview/snippets.ts src/config/initial.ts".split(" "),
];

const pairOf = (line: string) => problemsOf(`[[keys]]\nname = "ab"\n${line}`);

/** Every key, and every value of a token, that a text shows. */
function examplesIn(text: string): { keys: string[]; tokens: string[] } {
  const keys = Array.from(text.matchAll(/\b[sc]k_[\w…]+/g), ([key]) => key);
  const tokens = Array.from(
    text.matchAll(/(?:admin_token = "|SIMPLELOGS_TOKEN=)([^"\s]+)/g),
    ([, token = ""]) => token,
  );
  return { keys, tokens };
}

describe("keys and tokens in the documentation", () => {
  const texts = DOCUMENTS.map((path) => readFileSync(join(ROOT, path), "utf8"));
  const { keys, tokens } = examplesIn([...texts, exampleConfigText(), "sk_your_server_key"].join("\n"));

  test.each([...new Set(keys)])("%s is refused as a key, and by its hash", (key) => {
    const name = key.startsWith("sk_") ? "server" : "client";
    expect(pairOf(`${name} = "${key}"`)).toEqual([expect.stringContaining("expected")]);
    if (key.length > 6)
      expect(pairOf(`${name} = "${key}"`)).toEqual([expect.stringContaining("`simplelogs keys create")]);
    expect(pairOf(`${name}_sha256 = "${hashKey(key)}"`)).toEqual([expect.stringContaining("this is an example's")]);
  });

  test.each([...new Set(tokens)].filter((token) => !token.includes("$")))("%s is refused as a token", (token) => {
    expect(problemsOf(`admin_token = "${token}"`)).toEqual([expect.stringContaining("expected")]);
    expect(problemsOf(`admin_token_sha256 = "${hashKey(token)}"`)).toEqual([expect.stringContaining("an example's")]);
  });
});

describe("refused is", () => {
  test.each([
    "replace_this_with_your_own",
    "replace_this_with_a_long_random_string",
    "REPLACE-ME-REPLACE-ME",
    "replaceThisWithYourOwn",
    "your_server_key_goes_1",
    "YOUR_KEY_HERE_PLEASE_1",
    "yourserverkey1234",
    "insert_your_key_here",
    "example_key_1234567",
    "changeme_changeme",
    "change-me-change-me-12",
    "<your-server-key-here>",
    "abcdefgh........",
    "placeholder_key_1",
    "xxxxxxxxxxxxxxxx",
    "XXXXXXXX-XXXX-XXXX",
    "aaaaaaaaaaaaaaaa",
    "0000000000000000",
    "1234123412341234",
    "abcdabcdabcdabcd",
    "abcdefabcdefabcdef",
    "passwordpassword",
    "1234567890123456",
    "0123456789012345",
    "9876543210987654",
    "abcdefghijklmnopqrst",
    "qwertyuiopasdfgh",
  ])("%s as a key and as an admin token, by the variable of the environment too", (secret) => {
    const problems = [
      ...pairOf(`server = "sk_${secret}"`),
      ...pairOf(`client = "ck_${secret}"`),
      ...problemsOf(`admin_token = "${secret}"`),
      ...problemsOf('admin_token = "${T}"', { T: secret }),
    ];
    expect(problems).toHaveLength(4);
    for (const problem of problems) expect(problem).toContain("of your own; this is an example, or as easily guessed");
    expect(problems.join("\n")).not.toContain(secret);
  });
});

describe("let in is", () => {
  test.each([
    "test_0123456789abcdef",
    "prod-change-tracker-8f3a9c2e71",
    "example.com-8f3a9c2e71b04d",
    "correct-horse-battery",
    "9f86d081884c7d659a2feaa0c55ad015",
  ])("%s", (secret) => {
    expect([...pairOf(`server = "sk_${secret}"`), ...problemsOf(`admin_token = "${secret}"`)]).toEqual([]);
  });

  test("whatever is made here", () => {
    for (let count = 0; count < 2_000; count++) {
      expect(pairOf(`server = "${generateKey("server")}"`)).toEqual([]);
      expect(problemsOf(`admin_token = "${generateAdminToken()}"`)).toEqual([]);
    }
  });
});

describe("an admin token", () => {
  test.each([
    "prüfe-mich-gründlich",
    "with a space in between",
    " leading-space-token",
    "trailing-space-tok ",
    "tab\\tin-a-long-text",
    "emoji-🔑-in-the-token",
    "nul\\u0000-in-the-token",
    "non\\u00a0breaking-space",
  ])("that no header could carry is refused: %j", (token) => {
    expect(problemsOf(`admin_token = "${token}"`)).toEqual([expect.stringContaining("printable ASCII without spaces")]);
  });

  test("of every printable character is taken", () => {
    expect(problemsOf("admin_token = '!#$%&()*+,-./:;<=>?@[]^_`{|}~\"0aZ'")).toEqual([]);
  });

  test("that is a key as well is refused: client keys are public", () => {
    const key = "ck_8f3a9c2e71b04d55";
    const text = `admin_token = "${key}"\n[[keys]]\nname = "ab"\nclient = "${key}"\norigins = ["https://a.example"]`;
    expect(problemsOf(text)).toEqual([
      "1: admin_token: the same as the key in line 4; whoever may send could then read",
    ]);
    const digest = text.replace(`admin_token = "${key}"`, `admin_token_sha256 = "${hashKey(key)}"`);
    expect(problemsOf(digest)).toHaveLength(1);
  });
});
