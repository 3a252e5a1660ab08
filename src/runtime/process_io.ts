// What the operating system says this process has written.

import { readFileSync } from "node:fs";

/**
 * Bytes sent to storage by this process since it started, or undefined where the system does not say (only Linux does).
 */
export function bytesWrittenByProcess(): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const match = /^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"));
    return match === null ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}
