import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { addKeyPair, type Edit, type NewKeyPair, revokeKey } from "../../../src/config/edit.ts";
import { exampleConfigText } from "../../../src/config/initial.ts";
import { hashKey } from "../../../src/config/keys.ts";
import { parseSettings } from "../../../src/config/load.ts";
import { runSeed } from "../../support/random.ts";

const SERVER = "sk_0123456789abcdef";
const NEW_SERVER = "sk_new0123456789abcdef";
const PAIR: NewKeyPair = {
  name: "new",
  project: undefined,
  server: NEW_SERVER,
  serverSha256: undefined,
  client: undefined,
  clientSha256: undefined,
  origins: [],
  rate: undefined,
};
const TABLE = `[[keys]]\nname = "new"\nserver = "${NEW_SERVER}"\n`;

function textOf(edit: Edit): string {
  if (!edit.ok) throw new Error(edit.reason);
  return edit.text;
}

function pairsOf(text: string): [string, string | undefined, boolean][] {
  const result = parseSettings(text, "simplelogs.toml", {});
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join("\n"));
  return result.settings.keys.map((pair) => [pair.name, pair.serverSha256, pair.revoked]);
}

describe("addKeyPair", () => {
  const first = `[[keys]]\nname = "ab"   # first\nserver = "${SERVER}"`;
  test.each([
    ["an empty file", "", TABLE],
    ["a file without pairs", "port = 1\n", `port = 1\n\n${TABLE}`],
    ["a file without a last line end", "port = 1", `port = 1\n\n${TABLE}`],
    ["a file that ends in an empty line", "port = 1\n\n", `port = 1\n\n${TABLE}`],
    ["a pair at the end", first, `${first}\n\n${TABLE}`],
    [
      "a pair before other tables",
      `${first} # c\n\n# the log\n[log]\n`,
      `${first} # c\n\n${TABLE}\n# the log\n[log]\n`,
    ],
    [
      "a comment that belongs to the pair",
      `${first}\n# rate = 5\n\n[log]\n`,
      `${first}\n# rate = 5\n\n${TABLE}\n[log]\n`,
    ],
    [
      "a comment that belongs to the next table",
      `${first}\n# the log\n[log]\n`,
      `${first}\n\n${TABLE}\n# the log\n[log]\n`,
    ],
    ["a table at once after the pair", `${first}\n[log]\n`, `${first}\n\n${TABLE}\n[log]\n`],
    [
      "pairs in two places",
      `${first}\n[log]\n[[keys]]\nname = "cd"\nserver = "sk_cd0123456789abcdef"\n[queue]`,
      `${first}\n[log]\n[[keys]]\nname = "cd"\nserver = "sk_cd0123456789abcdef"\n\n${TABLE}\n[queue]`,
    ],
    ["a byte order mark", "\ufeffport = 1\n", `\ufeffport = 1\n\n${TABLE}`],
    [
      "CRLF",
      `port = 1\r\n${first.replaceAll("\n", "\r\n")}\r\n[log]\r\n`,
      `port = 1\r\n${first.replaceAll("\n", "\r\n")}\r\n\r\n${TABLE.replaceAll("\n", "\r\n")}\r\n[log]\r\n`,
    ],
    ["an empty inline list", "keys = []\n", `keys = [{ name = "new", server = "${NEW_SERVER}" }]\n`],
    [
      "an inline list",
      `keys = [{ name = "ab", server = "${SERVER}" }] # k\n`,
      `keys = [{ name = "ab", server = "${SERVER}" }, { name = "new", server = "${NEW_SERVER}" }] # k\n`,
    ],
    [
      "an inline list of many lines",
      `keys = [\n  { name = "ab", server = "${SERVER}" }, # a\n]\n`,
      `keys = [\n  { name = "ab", server = "${SERVER}" },\n  { name = "new", server = "${NEW_SERVER}" }, # a\n]\n`,
    ],
  ])("adds a pair after %s and touches nothing else", (_, before, after) => {
    const text = textOf(addKeyPair(before, PAIR));
    expect(text).toBe(after);
    expect(pairsOf(text)).toContainEqual(["new", hashKey(NEW_SERVER), false]);
  });

  test("writes every setting of the pair so that it reads back", () => {
    const pair: NewKeyPair = {
      name: 'a "b" \\ ${HOME}',
      project: "läden",
      server: undefined,
      serverSha256: hashKey(SERVER),
      client: "ck_0123456789abcdef",
      clientSha256: undefined,
      origins: ["http://a", "https://*.example.com"],
      rate: 2.5,
    };
    const result = parseSettings(textOf(addKeyPair("", pair)), "simplelogs.toml", { HOME: "/root" });
    expect(result).toMatchObject({
      ok: true,
      settings: {
        keys: [
          {
            name: pair.name,
            project: "läden",
            serverSha256: hashKey(SERVER),
            clientSha256: hashKey("ck_0123456789abcdef"),
            origins: ["http://a", "https://*.example.com"],
            rate: 2.5,
            revoked: false,
          },
        ],
      },
    });
  });

  test("keeps every line of the example where it was", () => {
    const before = exampleConfigText();
    const after = textOf(addKeyPair(before, PAIR)).split("\n");
    const at = after.indexOf(`server = "${NEW_SERVER}"`) - 2;
    expect([...after.slice(0, at), ...after.slice(at + 4)].join("\n")).toBe(before);
  });
});

describe("revokeKey", () => {
  const other = `[[keys]]\nname = "cd"\nserver = "sk_cd0123456789abcdef"\n`;
  test.each([
    [
      "the last line of the pair",
      `[[keys]]\n  name = "ab" # a\n  server = "${SERVER}" # s\n# end\n${other}`,
      `[[keys]]\n  name = "ab" # a\n  server = "${SERVER}" # s\n  revoked = true\n# end\n${other}`,
    ],
    [
      "a file without a last line end",
      `${other}[[keys]]\nname = "ab"\nserver = "${SERVER}"`,
      `${other}[[keys]]\nname = "ab"\nserver = "${SERVER}"\nrevoked = true\n`,
    ],
    [
      "CRLF",
      `[[keys]]\r\nname = "ab"\r\nserver = "${SERVER}"\r\n`,
      `[[keys]]\r\nname = "ab"\r\nserver = "${SERVER}"\r\nrevoked = true\r\n`,
    ],
    [
      "an inline pair",
      `keys = [{ name = "ab", server = "${SERVER}" }]`,
      `keys = [{ name = "ab", server = "${SERVER}", revoked = true }]`,
    ],
    [
      "a list of many lines",
      `[[keys]]\nname = "ab"\nserver = "${SERVER}"\norigins = [\n  "http://a",\n] # o\n`,
      `[[keys]]\nname = "ab"\nserver = "${SERVER}"\norigins = [\n  "http://a",\n] # o\nrevoked = true\n`,
    ],
    [
      "revoked = false",
      `[[keys]]\nrevoked = false # 😀\nname = 'ab'\nserver = "${SERVER}"\n`,
      `[[keys]]\nrevoked = true # 😀\nname = 'ab'\nserver = "${SERVER}"\n`,
    ],
  ])("revokes at %s and touches nothing else", (_, before, after) => {
    const text = textOf(revokeKey(before, "ab", {}));
    expect(text).toBe(after);
    expect(pairsOf(text)).toContainEqual(["ab", hashKey(SERVER), true]);
    expect(pairsOf(text).filter(([, , revoked]) => revoked).length).toBe(1);
  });

  test("finds a pair by its name's value, not by its spelling", () => {
    const text = `[[keys]]\nname = "\${SHOP} $\${x} \\u0041"\nserver = "${SERVER}"\n`;
    expect(revokeKey(text, "web ${x} A", { SHOP: "web" })).toEqual({ ok: true, text: `${text}revoked = true\n` });
  });

  test("says when there is nothing to do", () => {
    const revoked = `[[keys]]\nname = "ab"\nserver = "${SERVER}"\nrevoked = true\n`;
    expect(revokeKey(revoked, "ab", {})).toEqual({ ok: false, reason: "already_revoked" });
    expect(revokeKey(other, "ab", {})).toEqual({ ok: false, reason: "unknown_name" });
    expect(revokeKey("", "ab", {})).toEqual({ ok: false, reason: "unknown_name" });
    expect(revokeKey("port = ", "ab", {})).toEqual({ ok: false, reason: "syntax" });
  });
});

describe("for any names and comments", () => {
  const seed = runSeed("edit");

  test("pairs that were added and revoked read back, and no comment is lost", () => {
    const name = fc
      .string({ minLength: 2, maxLength: 20 })
      .filter((text) => text.trim() !== "" && !/\p{Cc}/u.test(text));
    const comment = fc.stringMatching(/^[a-z "'[\]=#$]{0,20}$/);
    const file = fc.record({
      names: fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
      comments: fc.array(comment),
    });
    fc.assert(
      fc.property(file, fc.constantFrom("\n", "\r\n"), ({ names, comments }, lineEnd) => {
        let text = comments.map((line) => `# ${line}${lineEnd}`).join("") + `port = 1 # p${lineEnd}[log] # l${lineEnd}`;
        const head = text;
        for (const [index, added] of names.entries()) {
          text = textOf(addKeyPair(text, { ...PAIR, name: added, server: `${NEW_SERVER}${index}` }));
        }
        const [revoked = ""] = names;
        text = textOf(revokeKey(text, revoked, {}));
        expect(text.startsWith(head)).toBe(true);
        expect(text.replaceAll(lineEnd, "")).not.toMatch(/[\r\n]/);
        expect(pairsOf(text)).toEqual(
          names.map((added, index) => [added, hashKey(`${NEW_SERVER}${index}`), added === revoked]),
        );
      }),
      { seed, numRuns: 200 },
    );
  });
});
