// The Python handler against the compiled server, and against servers that do what a good one does not.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilTrue } from "../support/condition.ts";
import { withFolder } from "../support/folder.ts";
import { run } from "../support/run.ts";
import { deadEndpoint, QUEUED, ScriptedServer, withScriptedServer } from "../support/scripted_server.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";
import { PYTHON, PYTHON_FOLDER, pythonEnvironment, pythonOutput, runPython } from "./run_python.ts";

const endpointOf = (server: TestServer) => `${server.url}/api/v1`;
const FILE = join(PYTHON_FOLDER, "simplelogs.py");

/** Names of the messages 0 … count-1, as `log.info("n%d", n)` makes them. */
const numbered = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);

async function storedMessages(server: TestServer): Promise<string[]> {
  return (await server.export()).map((record) => record.message ?? "");
}

describe("the Python handler stores", () => {
  test("a record with its level, time, touchpoint, key and extra fields", () =>
    withServer(configText(), async (server) => {
      const before = Date.now();
      await pythonOutput(
        endpointOf(server),
        `
handler.metadata["environment"] = "test"
log.warning("Stock of %s is low: %d", "bolts", 3, extra={"touchpoint": "shop/stock", "key": "k1", "article": {"id": 17}})
`,
      );
      const [record, ...others] = await server.export();
      expect(others).toEqual([]);
      expect(record?.time).toBeWithin(before - 1, Date.now() + 1);
      expect(record).toMatchObject({
        kind: "log",
        keyType: "server",
        level: "warn",
        touchpoint: "shop/stock",
        key: "k1",
        message: "Stock of bolts is low: 3",
        metadata: { environment: "test", article: { id: 17 }, logger: "shop.orders" },
      });
    }));

  test("levels of every number, and names that the server has no level for as metadata", () =>
    withServer(configText(), async (server) => {
      await pythonOutput(
        endpointOf(server),
        `
logging.addLevelName(25, "NOTICE")
for level in (5, 10, 20, 25, 30, 40, 50):
    log.setLevel(1)
    log.log(level, "at %d", level)
`,
      );
      const shown = (await server.export()).map(({ message, level, metadata }) => [
        message,
        level,
        metadata?.["levelName"],
      ]);
      expect(shown).toEqual([
        ["at 5", "debug", "Level 5"],
        ["at 10", "debug", undefined],
        ["at 20", "info", undefined],
        ["at 25", "info", "NOTICE"],
        ["at 30", "warn", undefined],
        ["at 40", "error", undefined],
        ["at 50", "error", "CRITICAL"],
      ]);
    }));

  test("an exception with its stack, its own fields and its causes, named and implied", () =>
    withServer(configText(), async (server) => {
      await pythonOutput(
        endpointOf(server),
        `
class Refused(Exception):
    def __init__(self, text, code):
        super().__init__(text)
        self.code = code

def pay():
    raise Refused("card declined", 51)

try:
    try:
        try:
            pay()
        except Refused:
            {}["order"]
    except KeyError as error:
        raise RuntimeError("no order") from error
except RuntimeError:
    log.exception("cannot pay")
`,
      );
      const [record] = await server.export();
      expect(record).toMatchObject({
        level: "error",
        message: "cannot pay",
        metadata: {
          error: {
            name: "RuntimeError",
            message: "no order",
            cause: { name: "KeyError", cause: { name: "Refused", message: "card declined", code: 51 } },
          },
        },
      });
      expect(JSON.stringify(record?.metadata)).toContain("in pay");
    }));

  test("timings of blocks, functions and coroutines, with what was added inside, and errors that go on", () =>
    withServer(configText(), async (server) => {
      const output = await pythonOutput(
        endpointOf(server),
        `
import asyncio
with simplelogs.timing("db/query", table="orders") as metadata:
    metadata["rows"] = 2

@simplelogs.timing("jobs/add")
def add(a, b):
    "Adds."
    return a + b

@handler.timing("jobs/later", key="j1")
async def later():
    await asyncio.sleep(0.01)
    raise ValueError("too late")

print(add(1, 2), add(b=3, a=4), add.__doc__)
try:
    asyncio.run(later())
except ValueError as error:
    print(error)
`,
      );
      expect(output).toBe("3 7 Adds.\ntoo late");
      const records = await server.export();
      expect(records.map(({ touchpoint }) => touchpoint)).toEqual(["db/query", "jobs/add", "jobs/add", "jobs/later"]);
      for (const { kind, status, duration, startTime = 0, endTime = 0 } of records) {
        expect({ kind, status }).toEqual({ kind: "timing", status: "completed" });
        expect(duration).toBeCloseTo(endTime - startTime, 1);
      }
      expect(records[0]).toMatchObject({ metadata: { table: "orders", rows: 2 } });
      expect(records[0]?.level).toBeUndefined();
      expect(records[3]).toMatchObject({ level: "error", key: "j1", metadata: { error: { message: "too late" } } });
      expect(records[3]?.duration).toBeGreaterThan(9);
    }));

  test("values that JSON cannot represent, as descriptions", () =>
    withServer(configText(), async (server) => {
      await pythonOutput(
        endpointOf(server),
        `
import datetime, decimal, enum, pathlib, uuid, collections
class Broken:
    def __str__(self): raise ValueError("no")
    __repr__ = __str__
class Colour(enum.Enum):
    RED = 1
class Named(str): pass
class Keys(dict):
    def items(self): raise RuntimeError("no items")
ring = {"name": "ring"}
ring["self"] = ring
deep = {}
for _ in range(500):
    deep = {"in": deep}
twice = [1]
log.info("hard", extra={"values": {
    "ring": ring, "deep": deep, "broken": Broken(), "set": {7}, "tuple": (1, twice, twice), "nan": float("nan"),
    "infinite": float("-inf"), "big": 2**80, "id": 2**53 - 1, "bytes": b"a\\xff", "when": datetime.datetime(2026, 1, 2, 3, 4, 5),
    "decimal": decimal.Decimal("1.10"), "path": pathlib.PurePosixPath("/a/b"), "uuid": uuid.UUID(int=1), "enum": Colour.RED,
    1: "one", None: "none", Broken(): "broken name", "keys": Keys(a=1), "deque": collections.deque([1]), "lone": "\\ud800",
    "named": Named("n"), "yes": True, "nothing": None, "type": dict, "float": 1.5,
}})
`,
      );
      const [record] = await server.export();
      const values = record?.metadata?.["values"] as Record<string, unknown>;
      expect(JSON.stringify(values["deep"])).toContain('"[Deep]"');
      expect(values).toMatchObject({
        ring: { name: "ring", self: "[Circular]" },
        broken: "[Broken that cannot be shown]",
        set: [7],
        tuple: [1, [1], [1]],
        nan: "nan",
        infinite: "-inf",
        big: "1208925819614629174706176",
        id: 2 ** 53 - 1,
        bytes: "a�",
        when: "2026-01-02T03:04:05",
        decimal: "1.10",
        path: "/a/b",
        uuid: "00000000-0000-0000-0000-000000000001",
        enum: "Colour.RED",
        1: "one",
        None: "none",
        "[Broken that cannot be shown]": "broken name",
        keys: "[Keys that cannot be read: no items]",
        deque: [1],
        lone: "�",
        named: "n",
        yes: true,
        nothing: null,
        type: "<class 'dict'>",
        float: 1.5,
      });
    }));

  test("overlong values, truncated", () =>
    withServer(configText(), async (server) => {
      await pythonOutput(
        endpointOf(server),
        `
log.info("m" * 3_000_000, extra={"note": "x" * 200_000, "small": 1})
log.info("many", extra={"rows": {"r%d" % n: "y" * 100 for n in range(50_000)}})
`,
      );
      const [long, many] = await server.export();
      expect(long?.message).toBe(`${"m".repeat(4000)}… [cut, 3000000 characters]`);
      expect(long?.metadata).toMatchObject({ small: 1, note: `${"x".repeat(4000)}… [cut, 200000 characters]` });
      expect(many).toMatchObject({ message: "many", metadata: { cut: expect.stringContaining("characters") } });
    }));

  test("records of eight threads, each once", () =>
    withServer(configText(), async (server) => {
      await pythonOutput(
        endpointOf(server),
        `
handler._queue_size_max, handler._queue_bytes_max = 10_000, 16 * 1024 * 1024
def work(part):
    for n in range(part, 8000, 8):
        log.info("n%d", n)
threads = [threading.Thread(target=work, args=(part,)) for part in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
settle()
assert problems == [], problems
`,
      );
      expect((await storedMessages(server)).sort()).toEqual(numbered(8000).sort());
    }));
});

describe("the Python handler never disturbs the application:", () => {
  test("a message that does not fit its arguments, and a hook that throws", () =>
    withScriptedServer(
      () => QUEUED,
      async (server) => {
        const output = await pythonOutput(
          server.endpoint,
          `
log.info("%d pieces", "many")
log.info("%s and %s", "one")
def broken(entry):
    raise RuntimeError("no")
handler._before_send = broken
log.info("lost")
with simplelogs.timing("a/b"): pass
handler._before_send = lambda entry: None if entry["message"] == "secret" else dict(entry, message="seen " + entry["message"])
log.info("secret")
log.info("open")
def loud(problem):
    raise RuntimeError("no")
handler._on_error = loud
handler._before_send = broken
log.info("lost as well")
print(len(problems), {problem["reason"] for problem in problems})
`,
        );
        expect(output).toBe("2 {'internal'}");
        expect(server.messages()).toEqual(["%d pieces ('many',)", "%s and %s ('one',)", "seen open"]);
      },
    ));

  test("a signal handler that logs while the application logs", () =>
    withScriptedServer(
      () => QUEUED,
      async (server) => {
        const output = await pythonOutput(
          server.endpoint,
          `
handler._queue_size_max = 100_000
ticks = []
def tick(*_):
    ticks.append(1)
    log.info("tick")
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
while len(ticks) < 200:
    log.info("tock")
signal.setitimer(signal.ITIMER_REAL, 0)
settle()
print(len(ticks))
`,
        );
        expect(server.messages().filter((message) => message === "tick")).toHaveLength(Number(output));
      },
    ));

  test("no address, a wrong address, no key", async () => {
    for (const endpoint of [
      "",
      "not an address",
      "http://",
      "http://h:port",
      "http://h:99999",
      "http://[::1/api",
      "ftp://127.0.0.1:1/api/v1",
      deadEndpoint(),
    ]) {
      const output = await pythonOutput(endpoint, 'log.info("x")\nhandler.close()\nprint(problems[-1]["reason"])');
      expect(output).toBe("dropped");
    }
  });
});

describe("the Python handler sends a batch again, unchanged and with its key,", () => {
  const cases: readonly (readonly [string, Parameters<typeof withScriptedServer>[0]])[] = [
    ["after 503", (_, index) => (index < 2 ? { status: 503, headers: { "retry-after": "30" } } : QUEUED)],
    ["after 429", (_, index) => (index < 2 ? { status: 429, headers: { "retry-after": "30" } } : QUEUED)],
    ["after 502 of a proxy", (_, index) => (index < 2 ? { status: 502, headers: { "retry-after": "30" } } : QUEUED)],
  ];
  for (const [when, answer] of cases) {
    test(when, () =>
      withScriptedServer(answer, async (server) => {
        const output = await pythonOutput(
          server.endpoint,
          `
log.info("first")
print(handler.flush(), handler.flush(), handler.flush())
print([problem["will_retry"] for problem in problems])
`,
        );
        expect(output).toBe("False False True\n[True, True]");
        const [first, ...again] = server.sent;
        expect(again.map(({ path, text }) => ({ path, text }))).toEqual(
          Array.from({ length: 2 }, () => ({ path: first?.path ?? "", text: first?.text ?? "" })),
        );
        expect(first?.idempotencyKey).toMatch(/^[0-9a-f]{32}$/);
      }),
    );
  }

  test("after an answer that never came, and one that came a byte at a time", async () => {
    const sent: string[] = [];
    let connections = 0;
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket, data) {
          const text = data.toString();
          if (!text.startsWith("POST")) return;
          sent.push(/idempotency_key=(\w+)/.exec(text)?.[1] ?? "");
          connections += 1;
          if (connections === 1) return;
          if (connections > 2) {
            socket.write("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}");
            return;
          }
          socket.write("HTTP/1.1 202 Accepted\r\n");
          const drip = setInterval(() => {
            if (socket.write("x-drip: 1\r\n") <= 0) clearInterval(drip);
          }, 20);
          drip.unref();
        },
      },
    });
    try {
      await pythonOutput(
        `http://127.0.0.1:${listener.port}/api/v1`,
        `
simplelogs._WAIT_MIN_S = simplelogs._WAIT_MAX_S = 0
log.info("first")
settle()
`,
        { SIMPLELOGS_SEND_TIMEOUT: "1500" },
      );
    } finally {
      listener.stop(true);
    }
    expect(sent).toEqual([sent[0] ?? "", sent[0] ?? "", sent[0] ?? ""]);
  });

  test("through kill -9 of the server in the middle of 10,000 entries: all stored once", () =>
    withServer(configText(), async (server) => {
      const { port } = new URL(server.url);
      const program = pythonOutput(
        endpointOf(server),
        `
handler._queue_size_max, handler._queue_bytes_max = 20_000, 64 * 1024 * 1024
for n in range(10_000):
    log.info("n%d", n)
    if n % 20 == 0: time.sleep(0.004)
settle()
`,
      );
      for (;;) {
        const stored = (await server.metrics()).get("simplelogs_entries_received_total") ?? 0;
        if (stored > 2000) break;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await server.kill();
      await server.start("--port", port);
      await program;
      expect((await storedMessages(server)).sort()).toEqual(numbered(10_000).sort());
    }));
});

describe("a batch that the server refuses for good", () => {
  test("is reported and not sent again: 500, 401, 403, a redirect, a page", async () => {
    for (const status of [500, 401, 403, 302, 200]) {
      await withScriptedServer(
        (_, index) => (index === 0 ? { status, body: { message: "no" } } : QUEUED),
        async (server) => {
          const output = await pythonOutput(
            server.endpoint,
            `
log.info("first")
settle()
log.info("second")
settle()
print([(problem["reason"], problem["status"], problem["entry_count"], problem["will_retry"]) for problem in problems])
`,
          );
          expect(output).toBe(`[('refused', ${status}, 1, False)]`);
          expect(server.messages()).toEqual(["first", "second"]);
        },
      );
    }
  });

  test("as a whole (422, 413) is split until its good entries are stored, each part with a key of its own", async () => {
    for (const status of [422, 413]) {
      const isBad = (message: unknown) => message === "n3" || message === "n17";
      await withScriptedServer(
        ({ entries }) => (entries.some((entry) => isBad(entry.message)) ? { status } : QUEUED),
        async (server) => {
          const output = await pythonOutput(
            server.endpoint,
            `
for n in range(50): log.info("n%d", n)
settle()
print(sum(problem["entry_count"] for problem in problems))
`,
          );
          expect(output).toBe("2");
          const taken = server.messages((index) => !server.sent[index]?.entries.some((one) => isBad(one.message)));
          expect(taken.sort()).toEqual(
            numbered(50)
              .filter((name) => !isBad(name))
              .sort(),
          );
          expect(new Set(server.sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(server.sent.length);
        },
      );
    }
  });
});

describe("the Python handler waits", () => {
  test("as long as Retry-After says, else a random time of 1 to 60 s", async () => {
    const output = await pythonOutput(
      deadEndpoint(),
      `
waits = [simplelogs._wait_s(tries, None) for tries in list(range(1, 30)) * 100]
print(simplelogs._wait_s(1, 7.5), simplelogs._retry_after_s("3"), simplelogs._retry_after_s("soon"), simplelogs._retry_after_s(None))
print(1 <= min(waits), max(waits) <= 60, max(simplelogs._wait_s(1, None) for _ in range(100)) <= 2, len(set(waits)) > 2000)
`,
    );
    expect(output).toBe("7.5 3.0 None None\nTrue True True True");
  });

  test("a second at least and an hour at most, also until a date", async () => {
    const output = await pythonOutput(
      deadEndpoint(),
      `
import email.utils
def wait(text):
    return round(simplelogs._wait_s(1, simplelogs._retry_after_s(text)))
print([wait(text) for text in ("0", "-5", "120", "1e9", "inf", "Wed, 21 Oct 2015 07:28:00 GMT")])
print(27 <= wait(email.utils.formatdate(time.time() + 30, usegmt=True)) <= 31)
print([simplelogs._retry_after_s(text) for text in ("nan", "", "7, 7", "Wed, 99 Oct 2015 07:28:00 GMT")])
`,
    );
    expect(output).toBe("[1, 1, 120, 3600, 3600, 1]\nTrue\n[None, None, None, None]");
  });
});

describe("100,000 records against a server that is not there", () => {
  test("stay within the bounds, and the dropped number is reported once the server is back", async () => {
    const endpoint = deadEndpoint();
    const port = Number(new URL(endpoint).port);
    await withFolder(async (folder) => {
      const marker = join(folder, "logged");
      const program = runPython(
        endpoint,
        `
simplelogs._wait_s = lambda tries, retry_after_s: 0.1
most = 0
for n in range(100_000):
    log.info("entry number %d of a program that logs a lot", n, extra={"n": n})
    if n % 100 == 0:
        with handler._condition:
            waiting = len(handler._queue) + sum(len(batch.texts) for batch in handler._batches)
            size = handler._queue_bytes + sum(batch.bytes for batch in handler._batches)
            assert waiting <= 1000 and size <= 1024 * 1024, (waiting, size)
            most = max(most, waiting)
assert most == 1000
open(os.environ["MARKER"], "w").close()
settle()
`,
        { MARKER: marker },
      );
      await untilTrue("all is logged", () => existsSync(marker));
      const server = new ScriptedServer(() => QUEUED, port);
      try {
        const { exitCode, stderr } = await program;
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        const entries = server.sent.flatMap((sent) => sent.entries);
        const told = entries.filter((entry) => entry.touchpoint === "simplelogs/dropped");
        const dropped = told.reduce((sum, entry) => sum + Number(entry.metadata?.["count"]), 0);
        expect(dropped + entries.length - told.length).toBe(100_000);
        expect(told[0]).toMatchObject({
          level: "warn",
          message: expect.stringMatching(/^\d+ entries were dropped before they could be sent$/),
        });
        expect(server.messages().at(-1)).toBe("entry number 99999 of a program that logs a lot");
      } finally {
        await server.stop();
      }
    });
  });
});

describe("at the end of a Python process, what was logged is sent:", () => {
  test("without a flush, by functions at its exit, and before an exception that ends it", () =>
    withScriptedServer(
      () => QUEUED,
      async (server) => {
        const { exitCode } = await runPython(
          server.endpoint,
          `
def last():
    log.info("at exit")
atexit.register(last)
log.info("before")
raise SystemExit(3)
`,
        );
        expect(exitCode).toBe(3);
        expect(server.messages()).toEqual(["before", "at exit"]);
      },
    ));

  test("by children of fork and of multiprocessing, and nothing twice", () =>
    withScriptedServer(
      () => QUEUED,
      async (server) => {
        const program = `
import logging, multiprocessing, os
import simplelogs

def work(name):
    log = logging.getLogger("child")
    if not log.handlers: log.addHandler(simplelogs.SimpleLogsHandler())
    log.setLevel(logging.INFO)
    log.info("child of %s", name)

if __name__ == "__main__":
    log = logging.getLogger("child")
    handler = simplelogs.SimpleLogsHandler(batch_interval_ms=3000)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.info("parent")
    pid = os.fork()
    if pid == 0:
        log.info("child of fork")
        logging.shutdown()
        os._exit(0)
    os.waitpid(pid, 0)
    for method in ("fork", "spawn"):
        process = multiprocessing.get_context(method).Process(target=work, args=(method,))
        process.start()
        process.join()
        assert process.exitcode == 0
    log.info("parent again")
`;
        await withFolder(async (folder) => {
          const file = join(folder, "parent.py");
          writeFileSync(file, program);
          const { exitCode, stderr } = await run(PYTHON, [file], {
            environment: pythonEnvironment(server.endpoint, { PYTHONWARNINGS: "ignore::DeprecationWarning" }),
          });
          expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        });
        expect(server.messages().sort()).toEqual(
          ["child of fork", "child of fork", "child of spawn", "parent", "parent again"].sort(),
        );
      },
    ));

  test("and a process whose server is gone or hangs still ends", async () => {
    const { exitCode } = await runPython(deadEndpoint(), 'log.info("x")\n');
    expect(exitCode).toBe(0);
    await withScriptedServer(
      () => "hang",
      async (server) => {
        const hung = await runPython(server.endpoint, 'log.info("x")\n', { SIMPLELOGS_SEND_TIMEOUT: "500" });
        expect(hung).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      },
    );
  });
});

describe("the Python file", () => {
  test("has the syntax of Python 3.8 and imports the standard library only", async () => {
    const check = `
import ast, sys
tree = ast.parse(sys.stdin.read(), feature_version=(3, 8))
names = {name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
names |= {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
print(sorted(names - set(getattr(sys, "stdlib_module_names", names))))
`;
    const checked = await run(PYTHON, ["-c", check], { input: readFileSync(FILE, "utf8") });
    expect(checked).toEqual({ exitCode: 0, stdout: "[]\n", stderr: "" });
  });
});
