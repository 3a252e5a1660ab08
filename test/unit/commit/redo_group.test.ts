import { describe, expect, test } from "bun:test";
import { BATCH_MEMBERS, batchesOf, type CheckedBatch, redoText } from "../../../src/commit/redo_group.ts";
import type { Batch } from "../../../src/core/entry.ts";

const SECRET = "sk_0123456789abcdef";
const APPENDED = '"source":"server","entries":[{"message":"a"}]}';
const KEY = { name: "shop", project: "default", type: "server" } as const;

function batchOf(text: string): CheckedBatch {
  return {
    key: KEY,
    keyIndex: 4,
    protocol: "enqueue",
    refusedRecords: [],
    body: JSON.parse(text.replace("\ufeff", "")) as Batch,
    number: 1,
    text,
    receivedAt: 5,
    bytes: text.length,
    sender: 'a"b',
    mayHoldLoneSurrogates: false,
    identity: { id: "id", body: undefined, keyType: "server" },
    isRepetition: false,
  };
}

/** What is kept of a body. */
function keptOf(text: string): string | undefined {
  const kept = redoText([batchOf(text)]);
  return kept?.slice(kept.indexOf('b",') + 3, kept.lastIndexOf(',["id",null],false'));
}

describe("a body is appended without its API key", () => {
  test.each([
    [`{"key":"${SECRET}",${APPENDED}`, `{"key":"",${APPENDED}`],
    [`\n{ "key" :\t"${SECRET}" , ${APPENDED}`, `\n{ "key" :\t"" , ${APPENDED}`],
  ])("where that is its first member: %j", (text, body) => {
    expect(keptOf(text)).toBe(body);
  });

  test("and read back with the others of its group, as they were", () => {
    const group = ["a", "b"].map((message) =>
      batchOf(JSON.stringify({ key: SECRET, source: "server", entries: [{ message }] })),
    );
    const read = batchesOf(redoText(group) as string, [undefined, undefined, undefined, undefined, KEY], BATCH_MEMBERS);
    expect(read).toEqual(
      group.map((batch) => ({ ...batch, keyIndex: undefined, text: undefined, body: { ...batch.body, key: "" } })),
    );
  });
});

describe("a batch of another protocol", () => {
  const decoded: CheckedBatch = {
    ...batchOf(`{"key":"",${APPENDED}`),
    text: undefined,
    protocol: "loki",
    refusedRecords: [{ at: 1, reason: "invalid", text: '{"problem":"x"}' }],
  };

  test("is appended as its entries, and read back with its protocol and refused records", () => {
    const kept = redoText([decoded, batchOf(`{"key":"${SECRET}",${APPENDED}`)]) as string;
    const read = batchesOf(kept, [undefined, undefined, undefined, undefined, KEY], BATCH_MEMBERS);
    expect(
      read.map(({ protocol, refusedRecords, body: { entries } }) => ({ protocol, refusedRecords, entries })),
    ).toEqual([
      { protocol: "loki", refusedRecords: decoded.refusedRecords, entries: [{ message: "a" }] },
      { protocol: "enqueue", refusedRecords: [], entries: [{ message: "a" }] },
    ]);
  });

  test.each(["sk_of_another_project", "s\u006b_of_another_project"])(
    "is not appended where it may hold a key",
    (text) => {
      expect(redoText([{ ...decoded, body: { ...decoded.body, entries: [{ message: text }] } }])).toBeUndefined();
    },
  );

  test("of enqueue cannot claim what only a decoder gives", () => {
    const text = `{"key":"${SECRET}","refusedRecords":[{"at":0,"reason":"internal"}],${APPENDED}`;
    const [read] = batchesOf(redoText([batchOf(text)]) as string, [undefined, undefined, undefined, undefined, KEY], 9);
    expect(read?.refusedRecords).toEqual([]);
  });
});

describe("a group is not appended", () => {
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
    expect(redoText([batchOf(text)])).toBeUndefined();
  });
});
