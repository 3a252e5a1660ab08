// The whole command line as main runs it, with streams of the test's own.

import { runCommandLine } from "../../src/cli/program.ts";

export interface CommandLineRun {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandLineSettings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  readonly columns?: number;
}

export async function runLine(line: readonly string[], settings: CommandLineSettings = {}): Promise<CommandLineRun> {
  const { cwd = "/", env = {}, isTerminal = false, columns } = settings;
  let [out, err] = ["", ""];
  const ends: (() => void)[] = [];
  const context = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env,
    cwd,
    isTerminal,
    isErrorTerminal: isTerminal,
    columns,
    atEnd: (work: () => void) => ends.push(work),
  };
  const exitCode = await runCommandLine(line, context, {
    version: "0",
    commit: "",
    signals: { on: () => undefined },
    write: (text) => {
      out += text;
      return Promise.resolve(true);
    },
    prompt: undefined,
  });
  for (const work of ends) work();
  return { exitCode, out, err };
}
