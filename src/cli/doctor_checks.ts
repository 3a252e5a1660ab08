// What doctor looks at beside the blocks: the configuration, the files, the disk and the clock. Each check gives findings; none
// changes anything.

import { existsSync, statSync } from "node:fs";
import { loadSettings } from "../config/load.ts";
import { type ConfigProblem, formatProblem } from "../config/problem.ts";
import type { Settings } from "../config/settings.ts";
import { formatBytes, formatInstant } from "../core/format.ts";
import { FUTURE_MS_MAX } from "../core/limits.ts";
import { freeBytes } from "../store/disk_space.ts";
import { LOCK_SUFFIX, lockHolder } from "../store/lock.ts";
import { RESERVE_BYTES, ReserveFile } from "../store/space/reserve.ts";
import { type CliContext, displayPath } from "./context.ts";

/** "ok" is a check that found nothing; a "warning" works for now; a "problem" is wrong. */
export interface Finding {
  readonly severity: "ok" | "warning" | "problem";
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly what: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** Files beside the data file that hold records, or names of processes. */
const SUFFIXES = ["", "-wal", "-shm", LOCK_SUFFIX, "-reserve"] as const;
const OTHERS = 0o077;
/** Below this much room, in bytes, a server comes into trouble soon whatever its limit is. */
const ROOM_BYTES_MIN = 64 * 1024 * 1024;

/** Whether the configuration loads; its settings where it does. */
export async function checkConfig(
  file: string,
  context: CliContext,
): Promise<{ findings: Finding[]; settings: Settings | undefined }> {
  const check = "configuration";
  const result = await loadSettings(file, context.env);
  const place = (problem: ConfigProblem) => formatProblem({ ...problem, file: displayPath(problem.file, context) });
  if (!result.ok) {
    const advice = "`simplelogs check` shows the same; the running server keeps the configuration that it has";
    const findings = result.problems.map((problem) => problemOf(check, place(problem), advice));
    return { findings, settings: undefined };
  }
  const { settings, warnings } = result;
  const findings: Finding[] = warnings.map((warning) => ({ severity: "warning", check, what: place(warning) }));
  if (findings.length === 0) findings.push({ severity: "ok", check, what: displayPath(file, context) });
  return { findings, settings };
}

/** Whether the data file is there, how large it is, and who runs on it. */
export function checkDataFile(file: string): { findings: Finding[]; isThere: boolean } {
  const check = "data file";
  if (!existsSync(file)) {
    const advice = "has the server run? it makes the file at its first start; `data` in the configuration names it";
    return { findings: [problemOf(check, `${file}: there is no such file`, advice)], isThere: false };
  }
  const holder = lockHolder(file);
  const bytes = sizeOf(file) + sizeOf(`${file}-wal`);
  const running = holder === undefined ? "no server runs on it" : `process ${holder} runs on it`;
  return { findings: [{ severity: "ok", check, what: `${file}, ${formatBytes(bytes)}; ${running}` }], isThere: true };
}

/** Whether others may read what is logged. */
export function checkPermissions(files: readonly string[]): Finding[] {
  if (process.platform === "win32") return [];
  const check = "permissions";
  const open = files.filter((file) => existsSync(file) && (statSync(file).mode & OTHERS) !== 0);
  if (open.length === 0) return [{ severity: "ok", check, what: "only the owner can read the files" }];
  return open.map((file) => {
    const mode = (statSync(file).mode & 0o777).toString(8);
    return problemOf(check, `${file} has the mode ${mode}: others may read it`, `chmod 600 ${file}`);
  });
}

/** The data file and what lies beside it. */
export function filesBeside(file: string): string[] {
  return SUFFIXES.map((suffix) => file + suffix);
}

/** Whether the disk has room for all that the data file may take; `bytesMax` undefined where no configuration says. */
export function checkSpace(file: string, bytesMax: number | undefined): Finding {
  const check = "free space";
  const free = freeBytes(file);
  const used = sizeOf(file) + sizeOf(`${file}-wal`);
  const missing = bytesMax === undefined ? 0 : bytesMax - used - free;
  const room = `${formatBytes(free)} free`;
  if (free < ROOM_BYTES_MIN) {
    const advice = "make room: without it the server answers 503 until retention has dropped enough old data";
    return problemOf(check, `${room}, less than ${formatBytes(ROOM_BYTES_MIN)}`, advice);
  }
  if (missing <= 0)
    return { severity: "ok", check, what: bytesMax === undefined ? room : `${room}, enough for max_size` };
  return {
    severity: "warning",
    check,
    what: `${room}: the disk is full ${formatBytes(missing)} before the data file reaches storage.max_size`,
    advice: `set storage.max_size to ${formatBytes(used + free - RESERVE_BYTES)} or less, or make room`,
  };
}

/** Whether the file is there that is given up first on a full disk. */
export function checkReserve(file: string): Finding {
  const check = "reserve";
  if (new ReserveFile(file).isThere) return { severity: "ok", check, what: `${formatBytes(RESERVE_BYTES)} put by` };
  return {
    severity: "warning",
    check,
    what: `${file}-reserve is not there, or not whole: a full disk could not be left by dropping old data`,
    advice: "make room on the disk and start the server, which makes it again",
  };
}

/** Whether the newest record lies where no clock should be; Unix ms. */
export function checkClock(newest: number | undefined, now: number): Finding {
  const check = "clock";
  const today = `this machine's clock says ${formatInstant(now)}`;
  if (newest === undefined || newest <= now + FUTURE_MS_MAX) return { severity: "ok", check, what: today };
  return problemOf(
    check,
    `the newest record is of ${formatInstant(newest)}, and ${today}`,
    "set the clock right: with a clock that is behind, records are kept longer than they should be and new ones dropped as in_future",
  );
}

export function problemOf(check: string, what: string, advice: string): Finding {
  return { severity: "problem", check, what, advice };
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}
