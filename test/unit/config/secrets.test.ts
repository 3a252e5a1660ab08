import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseSettings } from "../../../src/config/load.ts";
import { CONFIG_FILE, problemsOf, settingsOf } from "../../support/configuration.ts";
import { runSeed } from "../../support/random.ts";

describe("no problem shows a secret", () => {
  const secret = "Xq7pLm2Vt9Rz4Kw8";
  const environment = { SECRET: secret, SHORT: "Xq7pLm2" };

  test.each([
    `admin_token = "${secret.slice(0, 15)}"`,
    `admin_token = "${secret} with a space"`,
    `admin_token = "${secret}\${NOT_SET}"`,
    'admin_token = "${SHORT}"',
    `admin_token = ["${secret}"]`,
    `[[keys]]\nname = "ab"\nserver = "${secret}"`,
    `[[keys]]\nname = "ab"\nserver = "sk_${secret} "`,
    '[[keys]]\nname = "ab"\nserver = "${SECRET}"',
    '[[keys]]\nname = "ab"\nclient = "sk_${SECRET}"',
    `[[keys]]\nname = "ab"\nserver_sha256 = "${secret}"`,
    `[[keys]]\nname = "ab"\nsever = "sk_${secret}"`,
    `[[keys]]\nname = "ab"\nserver = sk_${secret}`,
    `[[keys]]\nname = "a"\nserver = "sk_${secret}`,
    'host = "${SECRET} "',
    'port = "${SECRET}"',
    `storage.durability = "sk_${secret}"`,
    `sk_${secret} = 1`,
  ])("%j", (text) => {
    const problems = problemsOf(text, environment);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join("\n")).not.toContain(secret.slice(0, 7));
  });

  test("nor do the settings hold a plaintext key", () => {
    const settings = settingsOf(
      `admin_token = "${secret}"\n[[keys]]\nname = "ab"\nserver = "sk_${secret}"\nclient = "ck_\${SECRET}"`,
      environment,
    );
    expect(JSON.stringify(settings)).not.toContain(secret.slice(0, 5));
  });
});

describe("for any text", () => {
  const seed = runSeed("load");

  test("the result is settings or problems, and never an exception", () => {
    const piece = fc.constantFrom(
      "[[keys]]",
      "[queue]",
      "name",
      "=",
      '"',
      "'",
      "[",
      "]",
      "{",
      "}",
      "\n",
      "${A}",
      "1",
      "sk_",
      ".",
      ",",
      "#",
      "\\u",
      "\r",
      "😀",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(text, (any) => {
        const result = parseSettings(any, CONFIG_FILE, { A: "b" });
        expect(result.ok || result.problems.length > 0).toBe(true);
      }),
      { seed, numRuns: 500 },
    );
  });
});
