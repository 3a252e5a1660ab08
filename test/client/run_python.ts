// Python programs that import the handler as an application does: the file beside them, and nothing else.

import { join } from "node:path";
import { type RunResult, run } from "../support/run.ts";
import { SERVER_KEY } from "../support/server.ts";

export const PYTHON = process.env["SIMPLELOGS_TEST_PYTHON"] ?? "python3";
export const PYTHON_FOLDER = join(import.meta.dir, "../../src/client/python");

/** What a program of a test begins with: a handler on the root logger. */
export const PRELUDE = `
import atexit, logging, os, signal, sys, threading, time
import simplelogs
problems = []
handler = simplelogs.SimpleLogsHandler(on_error=problems.append)
log = logging.getLogger("shop.orders")
log.addHandler(handler)
log.setLevel(logging.DEBUG)
def settle(limit_s=45):
    ends = time.monotonic() + limit_s
    while not handler.flush():
        assert time.monotonic() < ends, "still not sent"
        time.sleep(0.05)
`;

export function pythonEnvironment(endpoint: string, variables: Readonly<Record<string, string>> = {}) {
  return {
    PATH: process.env["PATH"] ?? "",
    PYTHONPATH: PYTHON_FOLDER,
    PYTHONUTF8: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    SIMPLELOGS_SERVER_KEY: SERVER_KEY,
    SIMPLELOGS_API_ENDPOINT: endpoint,
    ...variables,
  };
}

/** Runs PRELUDE and `program` to their end. */
export function runPython(
  endpoint: string,
  program: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  return run(PYTHON, ["-"], { input: PRELUDE + program, environment: pythonEnvironment(endpoint, variables) });
}

/** As runPython; throws unless the program ended well. What it printed. */
export async function pythonOutput(
  endpoint: string,
  program: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await runPython(endpoint, program, variables);
  if (exitCode !== 0 || stderr !== "") throw new Error(`the program ended with ${exitCode}:\n${stderr}`);
  return stdout.trim();
}
