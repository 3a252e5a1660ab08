import { describe, expect, test } from "bun:test";
import { generateAdminToken, generateKey, hashKey, maskKey, maskKeysIn } from "../../../src/config/keys.ts";

describe("keys", () => {
  test("are a prefix and 32 characters that URLs, JSON and shells take as they are", () => {
    expect(generateKey("server")).toMatch(/^sk_[A-Za-z0-9_-]{32}$/);
    expect(generateKey("client")).toMatch(/^ck_[A-Za-z0-9_-]{32}$/);
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
