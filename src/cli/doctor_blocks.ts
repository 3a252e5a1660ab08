// What the store finds when it looks at a whole data file, as doctor's findings.

import { formatBytes, formatCountOf } from "../core/format.ts";
import type { ReadOnlyData } from "../store/read_only_data.ts";
import { verifyData } from "../store/verify/verify.ts";
import type { Finding } from "./doctor_checks.ts";

const CHECK = "contents";

/** Looks at every block of the file. Throws OperatingError, and SQLite's error, where it cannot be read at all. */
export function checkBlocks(
  { file, access }: ReadOnlyData,
  onProgress: (done: number, total: number) => void,
): Finding[] {
  const steps = verifyData(file, access);
  for (;;) {
    const step = steps.next();
    if (step.done !== true) {
      onProgress(step.value.done, step.value.total);
      continue;
    }
    const { findings, blocks, records, bytes } = step.value;
    const looked = `${formatCountOf(records, "record")} in ${formatCountOf(blocks, "block")} (${formatBytes(bytes)})`;
    if (findings.length === 0) {
      return [{ severity: "ok", check: CHECK, what: `${looked}: checksums are right, and the counters add up` }];
    }
    return findings.map((finding) => ({ check: CHECK, ...finding }));
  }
}
