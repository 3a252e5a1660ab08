import { describe, expect, test } from "bun:test";
import { maskKeys, maskKeysInJson, mayHoldKey } from "../../../src/core/secrets.ts";
import { cpuMsOf } from "../../support/cpu_ratio.ts";

describe("a text that people read", () => {
  test.each([
    ['there is no project "sk_0123456789abcdef"; there are: shop', 'there is no project "sk_…"; there are: shop'],
    ['ck_a.b-c/d+e=f, and Bearer sk_"x}y', "ck_…, and Bearer sk_…"],
    ["(sk_abc)", "(sk_…)"],
    ["task_id, stack_trace and disk_usage stay", "task_id, stack_trace and disk_usage stay"],
    ["my_sk_abc sk_ sk_… ", "my_sk_… sk_ sk_… "],
  ])("%j has no key", (text, masked) => {
    expect(maskKeys(text)).toBe(masked);
  });
});

describe("JSON text that is kept", () => {
  test.each([
    ['{"key":"sk_0123456789abcdef","a":"x"}', '{"key":"sk_…","a":"x"}'],
    ['{"a":["sk_\\u0030123","\\u0073\\u006b\\u005fabc\\"d"],"ck\\u005fname":1}', '{"a":["sk_…","sk_…"],"ck_…":1}'],
    ['{"text":"say \\"sk_abc\\" to \\\\","b":"\\u00e4"}', '{"text":"say \\"sk_…\\" to \\\\","b":"\\u00e4"}'],
    ['{"cut":"it ends in sk_0123', '{"cut":"it ends in sk_…'],
    ['{"\\ud800":"\\u0000"}', '{"\\ud800":"\\u0000"}'],
  ])("%s has no key, and is else what it was", (json, masked) => {
    expect(maskKeysInJson(json)).toBe(masked);
  });

  test("is read in linear time", () => {
    const ratio = (make: (count: number) => string) => {
      const [small, large] = [make(50_000), make(500_000)].map((text) => {
        const ms = cpuMsOf(() => {
          maskKeysInJson(text);
          maskKeys(text);
          mayHoldKey(text, "sk_0123456789abcdef");
        });
        return ms + 1;
      }) as [number, number];
      return large / small;
    };
    for (const piece of ['\\":', '"sk_;', "\\\\\\", "sk_", '"', "\\u0073k_;"]) {
      expect([piece, ratio((count) => `"sk_${piece.repeat(count)}`) < 40]).toEqual([piece, true]);
    }
  });
});

describe("a key is found in JSON text", () => {
  const key = 'sk_0123456789/abc"d';

  test.each([
    String.raw`"sk_0123456789\/abc\"d"`,
    String.raw`"xsk_0123456789/abc\u0022d"`,
    String.raw`"x\u0073k_0123456789/abc\"d"`,
    '"ck_another"',
    String.raw`"\u0063\u006B\u005Fanother"`,
  ])("as %s", (json) => {
    expect(mayHoldKey(json.replaceAll("\\\\", "\\"), key)).toBe(true);
  });

  test("nowhere else", () => {
    expect(mayHoldKey('{"task_id":1,"block_id":"stack_trace \\u003cb\\u003e"}', key)).toBe(false);
  });
});
