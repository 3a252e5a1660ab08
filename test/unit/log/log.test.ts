import { describe, expect, test } from "bun:test";
import type { Level } from "../../../src/core/record.ts";
import { createLog } from "../../../src/log/log.ts";

function collect(level: Level, isTerminal: boolean) {
  const lines: string[] = [];
  const log = createLog({ level, isTerminal, write: (line) => lines.push(line) });
  return { lines, log };
}

describe("a log for machines", () => {
  test("is one JSON object a line, with the message as it is and the properties beside it", () => {
    const { lines, log } = collect("info", false);
    log("warn", "listening on {host} \u001b[31m", { port: 7070 });
    expect(lines.length).toBe(1);
    const line = JSON.parse(lines[0] as string) as Record<string, unknown>;
    expect(line["level"]).toBe("WARN");
    expect(line["message"]).toBe("listening on {host} \u001b[31m");
    expect(line["properties"]).toEqual({ port: 7070 });
    expect(lines[0]?.endsWith("\n")).toBe(true);
  });

  test("has no API key in it, in the message or in a property", () => {
    const { lines, log } = collect("info", false);
    log("error", "there is no project sk_0123456789abcdef", { error: "Bearer ck_0123456789abcdef", count: 5 });
    const { message, properties } = JSON.parse(lines[0] as string) as Record<string, unknown>;
    expect([message, properties]).toEqual(["there is no project sk_…", { error: "Bearer ck_…", count: 5 }]);
  });

  test("leaves out what is below its level", () => {
    const { lines, log } = collect("warn", false);
    for (const level of ["debug", "info", "warn", "error"] as const) log(level, level);
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(["warn", "error"]);
  });
});

describe("a log on a terminal", () => {
  test("shows control characters instead of obeying them, in messages and in properties", () => {
    const { lines, log } = collect("info", true);
    log("error", "bad \u001b[2J\nthing", { name: "a\u0007b" });
    expect(lines.length).toBe(1);
    expect(lines[0]).toContain("bad \\x1b[2J\\x0athing");
    expect(lines[0]).not.toContain("\u0007");
    expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
  });
});
