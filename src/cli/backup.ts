// `simplelogs backup`: copies the data file while the server runs. The copy is a working data file.

import { resolve } from "node:path";
import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatBytes, formatCountOf } from "../core/format.ts";
import { backupTo } from "../store/backup.ts";
import { isStoreError } from "../store/database.ts";
import { privateCopy } from "../store/read_only_data.ts";
import { addConfigOption, type CliContext, displayPath, type Signals } from "./context.ts";
import { readableDataOf } from "./data_file.ts";
import { addNotes } from "./help.ts";
import { jsonLine, Progress } from "./output.ts";

interface BackupOptions {
  readonly data?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
The copy holds everything that was stored before the command began. To use it, set \`data\` in a configuration to its path, or read it directly:

Examples:
  simplelogs backup /backups/$(date +%F).db
  simplelogs query --data /backups/2026-01-31.db level:error
`;

/** Adds the command to the program. */
export function registerBackup(program: Command, context: CliContext, signals: Signals): void {
  const command = addConfigOption(program.command("backup"))
    .summary("copy the data file while the server runs")
    .description(
      "Copies the data file, also while the server writes to it. The server goes on meanwhile. The copy is a working data " +
        "file that only you can read. An existing file is never replaced.",
    )
    .argument("<file>", "the copy to make")
    .option("--data <file>", "copy this data file instead of the configured one")
    .option("--json", "print one JSON object");
  addNotes(command, EXAMPLES, context).action(async (target: string, options: BackupOptions) => {
    const { file, data } = await readableDataOf(command, options, context, "file");
    // SQLite may write to a database that it attaches.
    const source = data.access === "shared" ? data : privateCopy(data.file);
    context.atEnd?.(source.release);
    const copy = resolve(context.cwd, target);
    const progress = new Progress(context);
    // An aborted copy is removed.
    const stop = new AbortController();
    signals.on("SIGINT", () => stop.abort());
    signals.on("SIGTERM", () => stop.abort());
    const onProgress = (done: number, total: number) => progress.show(done, total, "copied", formatBytes);
    try {
      const { bytes, records } = await backupTo(source.file, copy, onProgress, stop.signal);
      progress.end();
      context.stdout.write(
        options.json === true
          ? jsonLine({ file: copy, bytes, records }, context)
          : `Copied ${formatCountOf(records, "record")} to ${displayPath(copy, context)} (${formatBytes(bytes)})\n`,
      );
    } catch (error) {
      progress.end();
      if (!isStoreError(error)) throw error;
      throw new OperatingError("io", `cannot back up ${file}: ${error.message}`, { cause: error });
    } finally {
      source.release();
      data.release();
    }
  });
}
