// Edits of single keys, origins, rates and readers: what is meant changes, everything else stays byte for byte.

import { describe, expect, test } from "bun:test";
import { addReader, type Edit, editKeyPair, removeReader, revokeHalf } from "../../../src/config/edit.ts";
import { parseSettings } from "../../../src/config/load.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

const SERVER = "sk_0123456789abcdef";
const CLIENT = "ck_0123456789abcdef";
const ENVIRONMENT = { NAME: "web shop", SECRET: SERVER, SITE: "https://env.example.com" };

function textOf(edit: Edit): string {
  if (!edit.ok) throw new Error(edit.reason);
  return edit.text;
}

function settingsOf(text: string): Settings {
  const result = parseSettings(text, "simplelogs.toml", ENVIRONMENT);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result.settings;
}

const TABLES: readonly (readonly [form: string, text: string])[] = [
  ["a table", `# a\n[[keys]]\nname = "web shop" # b\nserver = "${SERVER}" # c\n# d\nclient = "${CLIENT}" # e\n# f\n`],
  ["CRLF", `[[keys]]\r\nname = "web shop"\r\nclient = "${CLIENT}"\r\nserver = "${SERVER}"\r\nrate = 5\r\n[log]\r\n`],
  ["an inline table", `keys = [{ name = "web shop", server = "${SERVER}", client = "${CLIENT}" }] # a\n`],
  ["an inline table, the key first", `keys = [{ client = "${CLIENT}", name = "web shop", server = "${SERVER}" }]`],
  [
    "a list of many lines",
    `keys = [\n  { name = "other", server = "sk_other0123456789abc" }, # o\n  { name = "web shop", server = "${SERVER}", client = "${CLIENT}" }, # w\n]\n`,
  ],
  ["no last line end", `[[keys]]\nname = "web shop"\nserver = "${SERVER}"\nclient = "${CLIENT}"`],
  [
    "variables",
    `[[keys]]\nname = "\${NAME}"\nserver = "\${SECRET}"\nclient = "${CLIENT}"\norigins = ["\${SITE}"] # s\n`,
  ],
  ["a byte order mark", `\ufeff[[keys]]\nname = "web shop"\nserver = "${SERVER}"\nclient = "${CLIENT}"\n\n[log]\n`],
];

/** The text without anything about the client key. */
const isWithoutClient = (text: string) => !text.includes("client");

describe("one key of a pair", () => {
  test.each(TABLES)("of %s goes with its line, and nothing else does", (_, text) => {
    const after = textOf(revokeHalf(text, "web shop", "client", ENVIRONMENT));
    expect(isWithoutClient(after)).toBe(true);
    const [before] = settingsOf(text).keys.filter(({ name }) => name === "web shop");
    const [pair] = settingsOf(after).keys.filter(({ name }) => name === "web shop");
    expect(pair).toEqual({ ...before, clientSha256: undefined, clientMasked: undefined } as typeof pair & object);
    // What was taken out is one piece.
    const removed = text.length - after.length;
    let start = 0;
    while (start < after.length && after[start] === text[start]) start++;
    expect(text.slice(0, start) + text.slice(start + removed)).toBe(after);
    expect(text.slice(start, start + removed).split("\n").length).toBeLessThanOrEqual(2);
  });

  test("revokes the pair where it is the only one, and is gone already where it is not there", () => {
    const text = `[[keys]]\nname = "web shop"\nclient = "${CLIENT}" # c\n`;
    expect(textOf(revokeHalf(text, "web shop", "client", {}))).toBe(`${text}revoked = true\n`);
    expect(revokeHalf(text, "web shop", "server", {})).toEqual({ ok: false, reason: "already_revoked" });
    expect(revokeHalf(text, "webshop", "client", {})).toEqual({ ok: false, reason: "unknown_name" });
  });

  test("goes as its SHA-256, too", () => {
    const text = `[[keys]]\nname = "web shop"\nserver = "${SERVER}"\nclient_sha256 = "${"1f".repeat(32)}"\n`;
    expect(textOf(revokeHalf(text, "web shop", "client", {}))).toBe(
      `[[keys]]\nname = "web shop"\nserver = "${SERVER}"\n`,
    );
  });
});

describe("origins", () => {
  const pair = (origins: string) => `[[keys]]\nname = "web shop"\nclient = "${CLIENT}"\n${origins}\nrate = 5 # r\n`;
  const A = "https://a.example.com";
  const B = "https://b.example.com";
  test.each([
    ["are added to a line", `origins = ["${A}"] # a`, [A, B], `origins = ["${A}", "${B}"] # a`],
    ["are added to none", "origins = [] # a", [A, B], `origins = ["${A}", "${B}"] # a`],
    ["are removed at the end", `origins = ["${A}", "${B}"] # a`, [A], `origins = ["${A}"] # a`],
    ["are removed at the beginning", `origins = ["${A}", "${B}"] # a`, [B], `origins = ["${B}"] # a`],
    ["are all removed", `origins = ["${A}", "${B}"]`, [], "origins = []"],
    [
      "lose their line and its comment, and no other does",
      `origins = [ # all\n  "${A}", # a\n  "${B}", # b\n  "https://c.example.com" # c\n]`,
      [A, "https://c.example.com"],
      `origins = [ # all\n  "${A}", # a\n  "https://c.example.com" # c\n]`,
    ],
    [
      "that stay keep how they are written",
      `origins = ["HTTPS://A.example.com:443", "\${SITE}"]`,
      [A, "https://env.example.com", B],
      `origins = ["HTTPS://A.example.com:443", "\${SITE}", "${B}"]`,
    ],
    ["that are there twice are there once", `origins = ["${A}", "${A}"]`, [A], `origins = ["${A}"]`],
  ])("%s", (_, before, wanted, after) => {
    const edit = editKeyPair(pair(before), "web shop", { origins: wanted }, ENVIRONMENT);
    expect(textOf(edit)).toBe(pair(after));
  });

  test("get a line of their own where there was none", () => {
    const text = `[[keys]]\nname = "web shop"\nclient = "${CLIENT}"`;
    expect(textOf(editKeyPair(text, "web shop", { origins: [A] }, {}))).toBe(`${text}\norigins = ["${A}"]\n`);
  });

  test("and rates are what was wanted after any edits, in any form, and no comment of another line is lost", () => {
    const random = seededRandom(runSeed("origins"));
    const all = Array.from({ length: 8 }, (_, index) => `https://${String.fromCharCode(97 + index)}.example.com`);
    for (let round = 0; round < 200; round++) {
      const some = () => all.filter(() => random() < 0.4);
      const lines = some().map((origin) => `  "${origin}",${random() < 0.5 ? ` # of ${origin}` : ""}`);
      const list = pick(random, [
        `[${some()
          .map((one) => JSON.stringify(one))
          .join(", ")}]`,
        `[\n${lines.join("\n")}\n]`,
      ]);
      let text = `# first\n${pair(`origins = ${list} # origins`)}# last\n`;
      for (let edit = 0; edit < 4; edit++) {
        const [origins, rate] = [some(), pick(random, [null, undefined, integer(random, 100) + 1])];
        const before = settingsOf(text).keys[0];
        text = textOf(editKeyPair(text, "web shop", { origins, rate }, {}));
        const after = settingsOf(text).keys[0];
        expect(after?.origins.toSorted()).toEqual(origins);
        expect(after?.rate).toBe(rate === undefined ? before?.rate : (rate ?? undefined));
        expect(text).toStartWith("# first\n");
        expect(text).toEndWith("# last\n");
        expect(text).toContain("# origins\n");
      }
    }
  });
});

describe("a rate", () => {
  const text = `[[keys]]\nname = "web shop"\nserver = "${SERVER}"\nrate = 5 # r\nrevoked = false\n`;
  test("is changed in its place, removed with its line, and added at the end", () => {
    const with7 = text.replace("rate = 5", "rate = 7.5");
    expect(textOf(editKeyPair(text, "web shop", { rate: 7.5 }, {}))).toBe(with7);
    const without = text.replace("rate = 5 # r\n", "");
    expect(textOf(editKeyPair(text, "web shop", { rate: null }, {}))).toBe(without);
    expect(textOf(editKeyPair(without, "web shop", { rate: null }, {}))).toBe(without);
    expect(textOf(editKeyPair(without, "web shop", { rate: 7 }, {}))).toBe(`${without}rate = 7\n`);
  });
});

describe("a reader", () => {
  const READER = { name: "shop team", token: "a-token-of-the-shop", tokenSha256: undefined, projects: ["shop"] };
  const TABLE = `[[readers]]\nname = "shop team"\ntoken = "a-token-of-the-shop"\nprojects = ["shop"]\n`;
  test.each([
    ["an empty file", "", TABLE],
    [
      "a file of keys",
      `[[keys]]\nname = "ab"\nserver = "${SERVER}"\n`,
      `[[keys]]\nname = "ab"\nserver = "${SERVER}"\n\n${TABLE}`,
    ],
    [
      "another one",
      `${TABLE.replace("shop team", "other").replace("a-token", "b-token")}\n[log]\n`,
      `${TABLE.replace("shop team", "other").replace("a-token", "b-token")}\n${TABLE}\n[log]\n`,
    ],
  ])("is added to %s, and removed again", (_, before, after) => {
    expect(textOf(addReader(before, READER))).toBe(after);
    expect(settingsOf(after).readers.map(({ name, projects }) => [name, projects])).toContainEqual([
      "shop team",
      ["shop"],
    ]);
    const removed = textOf(removeReader(after, "shop team", {}));
    expect(settingsOf(removed)).toEqual(settingsOf(before));
    expect(removed.replaceAll("\n", "")).toBe(before.replaceAll("\n", ""));
  });

  test("in a list of inline tables comes and goes", () => {
    const before = `readers = [{ name = "aa", token = "a-token-of-another" }]\n`;
    const after = textOf(addReader(before, READER));
    expect(settingsOf(after).readers.map(({ name }) => name)).toEqual(["aa", "shop team"]);
    expect(textOf(removeReader(after, "shop team", {}))).toBe(before);
    expect(removeReader(before, "bb", {})).toEqual({ ok: false, reason: "unknown_name" });
  });
});
