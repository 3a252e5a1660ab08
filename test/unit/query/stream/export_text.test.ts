import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../../../src/core/record.ts";
import { exportHeader, lineFormatter } from "../../../../src/query/stream/export_text.ts";

const csvLine = lineFormatter("csv");
const spreadsheetLine = lineFormatter("spreadsheet");

const LOG: ShownRecord = {
  id: 1,
  project: "shop",
  apiKey: "web shop",
  kind: "log",
  time: 1_718_900_000_000.25,
  receivedAt: 1_718_900_000_107,
  source: "server",
};

/** A reader by the letter of RFC 4180: undefined for a field without quotes that is empty. */
function parseCsv(text: string): (string | undefined)[][] {
  const rows: (string | undefined)[][] = [];
  let row: (string | undefined)[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy)) {
    row.push(quoted === undefined ? plain || undefined : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe("csv", () => {
  test("has one column a member, in the record's order", () => {
    expect(exportHeader("csv")).toBe(
      "id,project,apiKey,kind,status,time,receivedAt,source,keyType,touchpoint,key,level,message,startTime,endTime,duration,metadata\r\n",
    );
  });

  test("leaves absent fields empty, and writes numbers as JSON does", () => {
    expect(csvLine(LOG)).toBe("1,shop,web shop,log,,1718900000000.25,1718900000107,server,,,,,,,,,\r\n");
  });

  test("has the key type beside the source", () => {
    const [fields] = parseCsv(csvLine({ ...LOG, keyType: "client" }));
    expect(fields?.slice(7, 9)).toEqual(["server", "client"]);
  });

  test("gives every text back: quotes, commas, line ends, spaces, and empty apart from absent", () => {
    for (const message of ["", " ", 'say "x"', '"', "a,b", "a\nb", "a\r\nb", "a\rb", "ü😀\u2028\t", "=1+1"]) {
      const [fields] = parseCsv(csvLine({ ...LOG, message }));
      expect([message, fields?.length, fields?.[12]]).toEqual([message, 17, message]);
    }
  });

  test("has metadata as one JSON column", () => {
    const metadata = { a: 'x"y', b: [1, { c: null }] };
    const [fields] = parseCsv(csvLine({ ...LOG, metadata }));
    expect(JSON.parse(fields?.[16] ?? "")).toEqual(metadata);
    expect(parseCsv(csvLine({ ...LOG, metadata: {} }))[0]?.[16]).toBe("{}");
  });
});

describe("csv for spreadsheets", () => {
  const line = (record: Partial<ShownRecord>) => parseCsv(spreadsheetLine({ ...LOG, ...record }))[0] ?? [];
  const COLUMN = { key: 10, message: 12, startTime: 13, duration: 15, touchpoint: 9, metadata: 16 };

  test("begins with a byte order mark", () => {
    expect(exportHeader("spreadsheet")).toBe(`\ufeff${exportHeader("csv")}`);
  });

  test("has ISO times, and numbers as they are", () => {
    const fields = line({ startTime: 1_718_900_000_000, duration: -5 });
    expect([fields[0], fields[5], fields[6], fields[COLUMN.startTime], fields[COLUMN.duration]]).toEqual([
      "1",
      "2024-06-20T16:13:20.000Z",
      "2024-06-20T16:13:20.107Z",
      "2024-06-20T16:13:20.000Z",
      "-5",
    ]);
  });

  test.each([
    "=1+1",
    "+1",
    "-5",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1",
    "\tx",
    "\rx",
    "\nx",
    " =1",
    "\u00a0 =1",
    "\ufeff=1",
    "\u200b=1",
    "\0=1",
    "'=1",
    '"=1',
    "＝1",
    "＋1",
    "－1",
    "＠x",
  ])("puts a quote before %j", (text) => {
    const fields = line({ message: text, key: text, touchpoint: text });
    for (const column of ["message", "key", "touchpoint"] as const) expect(fields[COLUMN[column]]).toBe(`'${text}`);
  });

  test.each(["", "a=1", "1-2", "x", " x", "'x", "http://x", "{}", "日本", "5"])("leaves %j as it is", (text) => {
    expect(line({ message: text })[COLUMN.message]).toBe(text);
  });

  test("has metadata as JSON, which is no formula", () => {
    expect(line({ metadata: { "=1": "=2" } })[COLUMN.metadata]).toBe('{"=1":"=2"}');
  });
});

describe("chosen columns", () => {
  const record = {
    ...({
      id: 1,
      project: "shop",
      apiKey: "k",
      kind: "log",
      time: 1718900000000,
      receivedAt: 1718900000001,
      source: "server",
    } as const),
    metadata: {
      orderId: "o1",
      user: { id: 7 },
      "odd name": "=1+1",
      list: [{ n: "a" }, { n: "b" }],
      flag: true,
      none: null,
    },
  };
  const columns = [
    "time",
    "metadata.user.id",
    'metadata."odd name"',
    "metadata.list.n",
    "metadata.flag",
    "metadata.gone",
  ];

  test("are the fields of a line, those of the metadata by their path", () => {
    expect(exportHeader("csv", columns)).toBe(
      'time,metadata.user.id,"metadata.""odd name""",metadata.list.n,metadata.flag,metadata.gone\r\n',
    );
    expect(lineFormatter("csv", columns)(record)).toBe('1718900000000,7,=1+1,"a, b",true,\r\n');
  });

  test("are safe and readable in a spreadsheet", () => {
    expect(lineFormatter("spreadsheet", columns)(record)).toBe('2024-06-20T16:13:20.000Z,7,\'=1+1,"a, b",true,\r\n');
  });

  test("leave NDJSON as it is", () => {
    expect(lineFormatter("ndjson", columns)(record)).toBe(`${JSON.stringify(record)}\n`);
  });
});
