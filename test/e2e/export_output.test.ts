// Where an export goes to: a reader that leaves early, one that is slow, a disk that is full.

import { describe, expect, test } from "bun:test";
import { EXECUTABLE, run } from "../support/run.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

const BATCH_ENTRIES = 5_000;

/** Some 300 bytes an entry: a batch is far more than a pipe holds. */
async function sendMany(server: TestServer, batches: number): Promise<void> {
  const message = "0123456789abcdef".repeat(16);
  for (let batch = 0; batch < batches; batch++) {
    await server.send(Array.from({ length: BATCH_ENTRIES }, (_, index) => ({ message, metadata: { batch, index } })));
  }
}

describe("export | head -1", () => {
  test.each(["ndjson", "csv"])("ends without an error, long before all records are written (%s)", (format) =>
    withServer(configText(), async (server) => {
      await sendMany(server, 10);
      const script = `set -o pipefail; "$0" export --format ${format} | head -1; echo "status \${PIPESTATUS[0]}"`;
      const { stdout, stderr } = await run("bash", ["-c", script, EXECUTABLE], { cwd: server.folder });
      const [first = "", status, ...rest] = stdout.split("\n");
      expect(first).toStartWith(format === "csv" ? "id," : '{"id":1,');
      expect({ status, rest, stderr }).toEqual({ status: "status 0", rest: [""], stderr: "" });
    }),
  );
});

describe("export to a slow reader", () => {
  test("writes every record and no error", () =>
    withServer(configText(), async (server) => {
      await sendMany(server, 4);
      const script = '"$0" export | while read -r line; do echo "${#line}"; done | wc -l';
      const { stdout, stderr } = await run("bash", ["-c", script, EXECUTABLE], { cwd: server.folder });
      expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: "20000", stderr: "" });
    }));
});

describe("export to a full disk", () => {
  test.each(["ndjson", "csv"])("fails with the reason (%s)", (format) =>
    withServer(configText(), async (server) => {
      await sendMany(server, 1);
      const script = `"$0" export --format ${format} > /dev/full`;
      const { exitCode, stderr } = await run("bash", ["-c", script, EXECUTABLE], { cwd: server.folder });
      expect(exitCode).toBe(1);
      expect(stderr).toStartWith("simplelogs: cannot write to standard output: ");
    }),
  );
});
