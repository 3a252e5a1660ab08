import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { charsetOf } from "../../../../src/http/bodies/charset.ts";
import { createFixture, SERVER_KEY } from "../fixture.ts";

describe("the charset of a Content-Type", () => {
  test.each([
    [null, "utf-8"],
    ["", "utf-8"],
    ["application/json", "utf-8"],
    ["text/plain;charset=UTF-8", "utf-8"],
    ["application/json; charset=utf8", "utf-8"],
    ['application/json; charset="utf-8"', "utf-8"],
    ["application/json; charset=iso-8859-1", "windows-1252"],
    ["application/json;charset=ISO-8859-1", "windows-1252"],
    ["application/json ; Charset = Latin1 ; q=1", "windows-1252"],
    ['application/json; charset="latin1"', "windows-1252"],
    ['application/json; charset="lat\\in1"', "windows-1252"],
    ['application/json; charset="latin1', "windows-1252"],
    ['text/plain; format=flowed; x="a;charset=utf-16"; charset=windows-1251', "windows-1251"],
    ["text/plain; charset=koi8-r; charset=utf-16", "koi8-r"],
    ["text/plain; charset=shift_jis", "shift_jis"],
    ["text/plain; charset=GB2312", "gbk"],
    ["text/plain; charset=us-ascii", "windows-1252"],
    ["text/plain; charset=utf-16", "utf-16"],
    ["text/plain; charset=UTF-16BE", "utf-16"],
    ["text/plain; charset=unicode", "utf-16"],
    ["text/plain; charset=utf-7", "utf-8"],
    ["text/plain; charset=utf-32", "utf-8"],
    ["text/plain; charset=", "utf-8"],
    ["text/plain; charset", "utf-8"],
    ["text/plain; xcharset=utf-16", "utf-8"],
    ["charset=latin1", "utf-8"],
    ["multipart/form-data; boundary=charset=latin1", "utf-8"],
    [`text/plain; charset=latin1;${"x".repeat(1_000)}`, "utf-8"],
    ['"\\'.repeat(400) + ";charset=latin1", "windows-1252"],
  ])("%j is %s", (contentType, charset) => {
    expect(String(charsetOf(contentType))).toBe(charset);
  });
});

describe("a body", () => {
  const BODY = JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message: "Grüße, 5 @" }] });
  const latin1 = Buffer.from(BODY.replace("@", "\x80"), "latin1");

  async function sent(body: Uint8Array | string, headers: Record<string, string>) {
    const fixture = createFixture();
    const response = await fixture.post(body, headers);
    return [response.status, fixture.pushed[0]?.body ?? (await response.json())];
  }

  test("in ISO 8859-1 is read as such, compressed or not", async () => {
    const expected = [202, BODY.replace("@", "€")];
    const headers = { "content-type": "application/json; charset=ISO-8859-1" };
    expect(await sent(latin1, headers)).toEqual(expected);
    expect(await sent(gzipSync(latin1), { ...headers, "content-encoding": "gzip" })).toEqual(expected);
  });

  test("in Cyrillic or Japanese is read as such", async () => {
    const body = JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message: "@" }] });
    const [before = "", after = ""] = body.split("@");
    for (const [charset, hex, text] of [
      ["windows-1251", "cff0e8e2e5f2", "Привет"],
      ["shift_jis", "93fa967b", "日本"],
    ]) {
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from(hex ?? "", "hex"), Buffer.from(after)]);
      expect(await sent(bytes, { "content-type": `text/plain;charset="${charset}"` })).toEqual([
        202,
        `${before}${text}${after}`,
      ]);
    }
  });

  test("with a byte order mark is UTF-8, whatever its charset", async () => {
    expect(await sent(`\uFEFF${BODY}`, { "content-type": "application/json; charset=iso-8859-1" })).toEqual([
      202,
      BODY,
    ]);
  });

  test("of an unknown charset is read as UTF-8", async () => {
    expect(await sent(BODY, { "content-type": "application/json; charset=klingon" })).toEqual([202, BODY]);
  });

  test("in UTF-16 is refused, for its size before, however it is sent", async () => {
    const refused = [415, { message: "UTF-16 is not read: send UTF-8" }];
    const bytes = Buffer.from(BODY, "utf16le");
    for (const label of ["utf-16", "UTF-16LE", '"utf-16be"', "ucs-2"]) {
      const headers = { "content-type": `application/json; charset=${label}` };
      expect(await sent(bytes, headers)).toEqual(refused);
      expect(await sent(gzipSync(bytes), { ...headers, "content-encoding": "gzip" })).toEqual(refused);
      expect(await sent(Buffer.alloc(5_000), headers)).toEqual([413, { message: "Payload too large" }]);
    }
  });
});
