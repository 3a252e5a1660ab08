// What Linux says of a process and its threads. Elsewhere every figure is NaN.

import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second in /proc, on every Linux that Bun runs on. */
const TICKS_PER_SECOND = 100;

/** Bytes and seconds, since the process started. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly residentBytesMax: number;
  readonly cpuSeconds: number;
  /** Sent to storage. */
  readonly writtenBytes: number;
  /** Handed to write calls, whatever they write to. */
  readonly handedBytes: number;
}

/** The server's own threads, as it names them, and what compilers and collectors took. */
export interface ThreadSeconds {
  readonly main: number;
  readonly writer: number;
  readonly compactor: number;
  readonly reader: number;
  readonly runtime: number;
}

export function processFigures(pid: number): ProcessFigures {
  const status = textOf(`/proc/${pid}/status`);
  const io = textOf(`/proc/${pid}/io`);
  return {
    residentBytes: numberIn(status, "VmRSS") * 1024,
    residentBytesMax: numberIn(status, "VmHWM") * 1024,
    cpuSeconds: statOf(textOf(`/proc/${pid}/stat`))?.cpuSeconds ?? Number.NaN,
    writtenBytes: numberIn(io, "write_bytes"),
    handedBytes: numberIn(io, "wchar"),
  };
}

/** Processor time by thread in seconds, of those that have not ended. */
export function threadSeconds(pid: number): ThreadSeconds {
  const seconds = { main: 0, writer: 0, compactor: 0, reader: 0, runtime: 0 };
  if (process.platform !== "linux") return seconds;
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    const stat = statOf(textOf(`/proc/${pid}/task/${id}/stat`));
    // It ended meanwhile.
    if (stat === undefined) continue;
    const name = Number(id) === pid ? "main" : stat.name;
    seconds[isNamed(name, seconds) ? name : "runtime"] += stat.cpuSeconds;
  }
  return seconds;
}

function isNamed(name: string, seconds: ThreadSeconds): name is keyof ThreadSeconds {
  return name in seconds;
}

function statOf(text: string): { name: string; cpuSeconds: number } | undefined {
  if (text === "") return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    name: text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

function numberIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
