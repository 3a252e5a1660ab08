import { describe, expect, test } from "bun:test";
import { GroupMessages } from "../../../src/queue/group_messages.ts";

const SECRET = "sk_0123456789abcdef";
const APPENDED = '"source":"server","entries":[{"message":"a"}]}';

/** A group of one batch with this body. */
function groupOf(text: string) {
  const messages = new GroupMessages(() => 4);
  const apiKey = { name: "shop", project: "default", type: "server", origins: [], rate: undefined } as const;
  const batch = { text, entryCount: 1, bytes: text.length, apiKey, secret: SECRET, sender: "me", receivedAt: 5 };
  const { keysWithin, text: sent } = messages.group(1, [{ batch, number: 1 }]);
  return { keysWithin, body: sent.slice(sent.indexOf('"me",') + 5, -1) };
}

describe("a body may be kept without its API key", () => {
  test.each([
    [`{"key":"${SECRET}",${APPENDED}`, `{"key":"",${APPENDED}`],
    [`\n{ "key" :\t"${SECRET}" , ${APPENDED}`, `\n{ "key" :\t"" , ${APPENDED}`],
    [`\ufeff{"key":"${SECRET}",${APPENDED}`, `\ufeff{"key":"",${APPENDED}`],
  ])("where that is its first member: %j", (text, body) => {
    expect(groupOf(text)).toEqual({ keysWithin: [4], body });
  });
});

describe("a body is not kept, and goes on as it came", () => {
  test.each([
    ["the key stands elsewhere", `{"source":"server","key":"${SECRET}","entries":[{}]}`],
    ["its text is there again", `{"key":"${SECRET}","source":"server","entries":[{"key":"${SECRET}"}]}`],
    ["another key is first", `{"key":"sk_another_one_0123","key":"${SECRET}",${APPENDED}`],
    ["the key is escaped", `{"key":"sk\\u005f0123456789abcdef",${APPENDED}`],
    [
      "the key is escaped, and an entry has it as its own",
      `{"entries":[{"key":"${SECRET}"}],"key":"sk\\u005f0123456789abcdef","source":"server"}`,
    ],
    ["it is there again, escaped", `{"key":"${SECRET}","also":"sk_\\u0030123456789abcdef",${APPENDED}`],
    ["it is there again, its prefix escaped", `{"key":"${SECRET}","also":"x\\u0073k_0123456789abcdef",${APPENDED}`],
    ["another key is in a member that nobody reads", `{"key":"${SECRET}","also":["sk_of_another_project"],${APPENDED}`],
    ["another key is a member's name, escaped", `{"key":"${SECRET}","\\u0063k_of_another":1,${APPENDED}`],
    ["it is large", `{"key":"${SECRET}","source":"server","entries":[{"message":"${"x".repeat(20_000)}"}]}`],
  ])("where %s", (_, text) => {
    expect(groupOf(text)).toEqual({ keysWithin: undefined, body: text });
  });
});
