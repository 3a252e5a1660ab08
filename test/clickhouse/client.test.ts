import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { ClickHouseError } from "../../src/clickhouse/errors.ts";
import type { ParameterValue } from "../../src/clickhouse/parameters.ts";
import { SqlParameters } from "../../src/clickhouse/sql_parameters.ts";
import { untilTrue } from "../support/condition.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";
import { ClickHouseServer } from "./server.ts";

let server: ClickHouseServer;
let client: ClickHouseClient;

function clientOf(...urls: readonly string[]): ClickHouseClient {
  return new ClickHouseClient({ urls, database: "default", user: "default", password: "secret", cluster: "" });
}

beforeAll(async () => {
  server = await ClickHouseServer.start({ password: "secret" });
  client = clientOf(server.url);
}, 120_000);
afterAll(() => server.stop());
afterEach(() => server.comeBack());

async function failureOf(work: Promise<unknown>): Promise<Pick<ClickHouseError, "kind" | "code">> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ClickHouseError)) throw error;
    return { kind: error.kind, code: error.code };
  }
  throw new Error("it did not fail");
}

async function makeTable(name: string): Promise<void> {
  await server.ask(`DROP TABLE IF EXISTS ${name}`);
  await server.ask(
    `CREATE TABLE ${name} (a UInt64, b String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100`,
  );
}

const rowsOf = (...rows: readonly unknown[][]) =>
  new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join("\n"));

function insertionOf(token: string, ...rows: readonly unknown[][]) {
  return { table: "t", columns: ["a", "b"], body: rowsOf(...rows), format: "JSONCompactEachRow", token } as const;
}

describe("a query", () => {
  test("gives the rows with their types", async () => {
    const rows = await client.query("SELECT number, toString(number), number / 4, NULL, [number] FROM numbers(3)");
    expect(rows).toEqual([
      [0, "0", 0, null, [0]],
      [1, "1", 0.25, null, [1]],
      [2, "2", 0.5, null, [2]],
    ]);
  });

  test("takes any text as a parameter, alone and in a list", async () => {
    const seed = runSeed("parameters");
    const random = seededRandom(seed);
    const alphabet = [
      "\\",
      "'",
      '"',
      "`",
      "\t",
      "\n",
      "\r",
      "\0",
      "\b",
      "N",
      "n",
      "{",
      "}",
      "[",
      "]",
      ",",
      "é",
      "🎉",
      "%",
      " ",
    ];
    const text = () =>
      Array.from({ length: integer(random, 12) }, () => alphabet[integer(random, alphabet.length - 1)]).join("");
    for (let round = 0; round < 40; round++) {
      const one = text();
      const list: ParameterValue = Array.from({ length: integer(random, 4) }, text);
      const rows = await client.query("SELECT {one:String}, {list:Array(String)}", { one, list });
      expect(rows).toEqual([[one, list]]);
    }
  });

  test("takes more parameters than an address can hold, and longer lists than a server takes as one value", async () => {
    const seed = runSeed("long parameters");
    const random = seededRandom(seed);
    const text = () =>
      Array.from({ length: integer(random, 200) }, () =>
        pick(random, ["\\", "'", "\r\n", "é", "--", "&", "=", "x"]),
      ).join("");
    const lists = [Array.from({ length: 4_000 }, text), Array.from({ length: 3 }, text), []];
    const parameters = new SqlParameters();
    const columns = lists.map((list) => parameters.texts(list));
    const numbers = Array.from({ length: 20_000 }, (_, at) => at / 3);
    columns.push(parameters.doubles(numbers), parameters.text("y".repeat(100_000)));
    const [row] = await client.query(`SELECT ${columns.join(", ")}`, parameters.values);
    expect({ seed, row }).toEqual({ seed, row: [...lists, numbers, "y".repeat(100_000)] });
    const known = await client.query(
      `SELECT number FROM numbers(1000) WHERE toString(number) IN ${parameters.texts(numbers.map(String))} ORDER BY number`,
      parameters.values,
    );
    expect(known.length).toBe(1_000);
  });

  test("of any length reaches the server whole, also beside long parameters", async () => {
    const long = "z".repeat(200_000);
    for (const one of ["", "p".repeat(5_000)]) {
      const rows = await client.query(`SELECT length('${long}'), length({one:String})`, { one });
      expect(rows).toEqual([[long.length, one.length]]);
    }
  });

  test("gives numbers exactly", async () => {
    const values = [0, -0.1, 1 / 3, 1e21, 5e-324, 1_764_500_000_123.456, 2 ** 53 - 1, 1.7976931348623157e308];
    const rows = await client.query("SELECT {values:Array(Float64)}", { values });
    expect(rows).toEqual([[values]]);
  });

  test("gives a hundred thousand rows in pieces", async () => {
    let [pieces, count] = [0, 0];
    for await (const rows of client.stream("SELECT number, 'a\\nb' FROM numbers(100000)")) {
      expect(rows[0]).toEqual([count, "a\nb"]);
      pieces++;
      count += rows.length;
    }
    expect(count).toBe(100_000);
    expect(pieces).toBeGreaterThan(1);
  });

  test("without a parameter that it names is refused, whatever came before", async () => {
    await client.query("SELECT {x:String}", { x: "before" });
    expect(await failureOf(client.query("SELECT {x:String}"))).toEqual({ kind: "refused", code: 456 });
  });
});

describe("a query that fails", () => {
  test("is refused with the server's code", async () => {
    expect(await failureOf(client.query("SELECT nothing"))).toEqual({ kind: "refused", code: 47 });
    expect(await failureOf(client.query("SELECT FROM WHERE"))).toEqual({ kind: "refused", code: 62 });
    expect(await failureOf(client.query("SELECT * FROM no_table"))).toEqual({ kind: "refused", code: 60 });
  });

  test("with a wrong password is refused", async () => {
    const wrong = new ClickHouseClient({
      urls: [server.url],
      database: "default",
      user: "x",
      password: "y",
      cluster: "",
    });
    expect(await failureOf(wrong.query("SELECT 1"))).toEqual({ kind: "refused", code: 516 });
  });

  test("in the middle of its rows throws, and no row of it is taken for the answer", async () => {
    const sql = "SELECT number, throwIf(number = 300000) FROM numbers(400000) SETTINGS max_block_size = 10000";
    expect(await failureOf(client.query(sql))).toEqual({ kind: "refused", code: 395 });
  });

  test("is asked once more where the connection was closed before an answer came, as one that was left open is", async () => {
    for (const fault of ["request_lost", "answer_lost"] as const) {
      server.fail(fault);
      expect(await client.query("SELECT 1")).toEqual([[1]]);
      server.fail(fault, 2);
      expect(await failureOf(client.query("SELECT 1"))).toEqual({ kind: "unreachable", code: undefined });
    }
  });

  test("whose answer is cut in the middle throws", async () => {
    server.fail("answer_cut");
    expect(await failureOf(client.query("SELECT number FROM numbers(50000)"))).toMatchObject({ kind: "unreachable" });
  });

  test("reaches its time limit", async () => {
    const failure = await failureOf(client.query("SELECT count() FROM numbers(1e14)", {}, { timeMsMax: 1_000 }));
    expect(failure).toEqual({ kind: "time", code: 159 });
  });

  test("reaches its memory limit", async () => {
    const sql = "SELECT groupArray(toString(number)) FROM numbers(10000000)";
    const failure = await failureOf(client.query(sql, {}, { memoryMax: 20_000_000 }));
    expect(failure).toEqual({ kind: "memory", code: 241 });
  });

  test("is ended on the server when it is cancelled", async () => {
    const controller = new AbortController();
    const running = client.query("SELECT count() FROM numbers(1e14)", {}, { signal: controller.signal });
    const processes = () =>
      server.ask("SELECT count() FROM system.processes WHERE query LIKE '%1e14%' AND query NOT LIKE '%processes%'");
    let count = "";
    const watch = async (wanted: string) => {
      while (count !== wanted) count = await processes();
    };
    await watch("1");
    controller.abort();
    expect(await failureOf(running)).toEqual({ kind: "cancelled", code: undefined });
    await watch("0");
  });

  test("is ended on the server when its rows are not read to the end", async () => {
    for await (const rows of client.stream("SELECT number FROM numbers(1e13)")) {
      expect(rows.length).toBeGreaterThan(0);
      break;
    }
    let count = "";
    while (count !== "0")
      count = await server.ask(
        "SELECT count() FROM system.processes WHERE query LIKE '%1e13%' AND query NOT LIKE '%processes%'",
      );
  });
});

describe("several servers", () => {
  const nowhere = "http://127.0.0.1:1";

  test("the next is asked where one cannot be reached, and asked first from then on", async () => {
    const several = clientOf(nowhere, server.url);
    expect(await several.query("SELECT 1")).toEqual([[1]]);
    expect(several.url).toBe(server.url);
  });

  test("the next is asked where one answers 503", async () => {
    const several = clientOf(server.url, server.directUrl);
    server.fail("unavailable");
    expect(await several.query("SELECT 1")).toEqual([[1]]);
  });

  test("none can be reached", async () => {
    expect(await failureOf(clientOf(nowhere, nowhere).query("SELECT 1"))).toMatchObject({ kind: "unreachable" });
  });
});

describe("an insert", () => {
  test("is stored when it returns, and only once for one token", async () => {
    await makeTable("t");
    await client.insert(insertionOf("one", [1, "a"], [2, "b"]));
    await client.insert(insertionOf("one", [1, "a"], [2, "b"]));
    await client.insert(insertionOf("two", [1, "a"], [2, "b"]));
    expect(await server.ask("SELECT count() FROM t")).toBe("4");
  });

  test("is uncertain where its answer is lost, hangs or is answered by a proxy", async () => {
    for (const fault of ["answer_lost", "request_lost", "unavailable"] as const) {
      await makeTable("t");
      server.fail(fault);
      expect(await failureOf(client.insert(insertionOf("one", [1, "a"])))).toMatchObject({ kind: "uncertain" });
      await client.insert(insertionOf("one", [1, "a"]));
      expect(await server.ask("SELECT count() FROM t")).toBe("1");
    }
  });

  test("is not sent to another server where it may have been stored", async () => {
    await makeTable("t");
    const several = clientOf(server.url, server.directUrl);
    server.fail("answer_lost");
    expect(await failureOf(several.insert(insertionOf("one", [1, "a"])))).toMatchObject({ kind: "uncertain" });
    expect(several.url).toBe(server.directUrl);
  });

  test("is unreachable where nothing was sent", async () => {
    const failure = await failureOf(clientOf("http://127.0.0.1:1").insert(insertionOf("one", [1, "a"])));
    expect(failure).toEqual({ kind: "unreachable", code: undefined });
  });

  test("is refused where the rows are no rows", async () => {
    await makeTable("t");
    const failure = await failureOf(client.insert({ ...insertionOf("one"), body: new TextEncoder().encode('["x"') }));
    expect(failure.kind).toBe("refused");
  });
});

test("many requests at once each get their own answer", async () => {
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      client.query("SELECT {index:UInt32}, count() FROM numbers(100000)", { index }),
    ),
  );
  expect(answers).toEqual(Array.from({ length: 40 }, (_, index) => [[index, 100_000]]));
});

test("the engine keeps its data when it is killed", async () => {
  await makeTable("t");
  await client.insert(insertionOf("one", [1, "a"]));
  await server.kill();
  expect(await failureOf(client.query("SELECT 1"))).toMatchObject({ kind: "unreachable" });
  await server.restart();
  await client.insert(insertionOf("one", [1, "a"]));
  expect(await client.query("SELECT a, b FROM t")).toEqual([[1, "a"]]);
  await untilTrue("the requests were seen", () => server.seen.length > 0);
}, 60_000);
