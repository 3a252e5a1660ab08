// The text that the keys page offers to paste: the configuration accepts it, and a shell passes on the same words.

import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  createCommand,
  draftProblems,
  newKey,
  type PairDraft,
  pairToml,
  revokeCommand,
  revokeToml,
} from "../../../../../src/web/pages/keys/config_text.ts";
import { CLIENT_KEY, problemsOf, SERVER_KEY, settingsOf } from "../../../../support/configuration.ts";

const KEYS = { server: SERVER_KEY, client: CLIENT_KEY };
const DRAFT: PairDraft = { name: "web shop", project: "", kinds: "both", origins: [], rate: "" };
const ODD = `it's "odd" \${HOME} $(id) \\ é`;

/** The words that a POSIX shell gives to a program. */
function shellWords(command: string): string[] {
  const script = `simplelogs() { for word in "$@"; do printf '%s\\0' "$word"; done; }; ${command}`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

describe("the lines of a new pair", () => {
  test("are what the configuration takes, whatever the names hold", () => {
    const draft: PairDraft = {
      name: ODD,
      project: ODD,
      kinds: "both",
      origins: ["https://*.example.com"],
      rate: "2.5",
    };
    const { keys } = settingsOf(pairToml(draft, KEYS));
    expect(keys.map(({ name, project, origins, rate }) => ({ name, project, origins, rate }))).toEqual([
      { name: ODD, project: ODD, origins: ["https://*.example.com"], rate: 2.5 },
    ]);
  });

  test("leave out what is not wanted", () => {
    expect(pairToml({ ...DRAFT, kinds: "server" }, KEYS)).toBe(`[[keys]]\nname = "web shop"\nserver = "${SERVER_KEY}"`);
    expect(pairToml({ ...DRAFT, kinds: "client" }, KEYS)).toBe(
      `[[keys]]\nname = "web shop"\nclient = "${CLIENT_KEY}"\norigins = []`,
    );
  });

  test("have keys that the configuration takes", () => {
    const fill = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
    const keys = { server: newKey("sk_", fill), client: newKey("ck_", fill) };
    expect(keys.server).toMatch(/^sk_\w{32}$/);
    expect(problemsOf(pairToml(DRAFT, keys))).toEqual([]);
  });

  test("a key is made of every random byte", () => {
    expect(newKey("sk_", (bytes) => bytes.fill(0xff))).toBe(`sk_${"_".repeat(32)}`);
    expect(newKey("ck_", (bytes) => bytes.fill(0xfb))).toBe(`ck_${"__v7".repeat(8)}`);
  });
});

describe("the commands", () => {
  test("reach the program word by word", () => {
    const draft: PairDraft = {
      name: ODD,
      project: "my shop",
      kinds: "client",
      origins: ["https://*.a.example"],
      rate: "5",
    };
    expect(shellWords(createCommand(draft))).toEqual([
      "keys",
      "create",
      "--project=my shop",
      "--origin=https://*.a.example",
      "--rate=5",
      "--client-only",
      ODD,
    ]);
    expect(shellWords(revokeCommand("-rf"))).toEqual(["keys", "revoke", "--", "-rf"]);
  });

  test("are plain where they can be", () => {
    expect(createCommand({ ...DRAFT, name: "shop" })).toBe("simplelogs keys create shop");
    expect(revokeCommand("web shop")).toBe("simplelogs keys revoke 'web shop'");
  });
});

test("the lines that revoke a pair are those of its table", () => {
  const text = revokeToml("web shop").replace("# …", `server = "${SERVER_KEY}"`);
  expect(settingsOf(text).keys.map(({ name, revoked }) => ({ name, revoked }))).toEqual([
    { name: "web shop", revoked: true },
  ]);
});

describe("a draft", () => {
  test("has no problems where the configuration has none", () => {
    expect(draftProblems({ ...DRAFT, origins: ["https://a.example"], rate: "0.5" }, ["other"])).toEqual({});
  });

  test("reports what the configuration would refuse", () => {
    const draft: PairDraft = { name: "x", project: "__proto__", kinds: "both", origins: ["a.example"], rate: "0" };
    expect(draftProblems(draft, [])).toEqual({
      name: "2 to 80 characters without control characters",
      project: "1 to 80 characters without control characters",
      origins: expect.stringMatching(/^a\.example: expected scheme:/) as string,
      rate: "A number above 0, up to 1e9",
    });
    expect(draftProblems(DRAFT, ["web shop"])).toEqual({ name: "A pair with this name exists already" });
  });
});
