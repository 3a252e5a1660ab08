// `simplelogs backup`: a copy of the data file that is a working data file itself, made while the server runs.

import { resolve } from "node:path";
import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatBytes, formatCountOf } from "../core/format.ts";
import { backupTo } from "../store/backup.ts";
import { isStoreError } from "../store/database.ts";
import { privateCopy } from "../store/read_only_data.ts";
import { addConfigOption, type CliContext, displayPath } from "./context.ts";
import { jsonLine } from "./json_line.ts";
import { Progress } from "./progress.ts";
import { addNotes } from "./search_help.ts";
import type { Signals } from "./serve.ts";
import { readableDataOf } from "./tools.ts";

interface BackupOptions {
  readonly data?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
The copy holds one moment: all that was stored before the command began. To use it, name it in \`data\` of a configuration, or read it:

Examples:
  simplelogs backup /backups/$(date +%F).db
  simplelogs query --data /backups/2026-01-31.db level:error
`;

/** Adds the command to the program. */
export function registerBackup(program: Command, context: CliContext, signals: Signals): void {
  const command = addConfigOption(program.command("backup"))
    .summary("copy the data file while the server runs")
    .description(
      "Makes a copy of the data file, also while the server writes to it, which goes on meanwhile. The copy is a working data " +
        "file, readable only by you. A file that is there is never replaced.",
    )
    .argument("<file>", "the copy to make")
    .option("--data <file>", "copy this data file instead of the configured one")
    .option("--json", "print one JSON object");
  addNotes(command, EXAMPLES, context).action(async (target: string, options: BackupOptions) => {
    const { file, data } = await readableDataOf(command, options, context);
    // SQLite would change what it attaches.
    const source = data.access === "shared" ? data : privateCopy(data.file);
    context.atEnd?.(source.release);
    const copy = resolve(context.cwd, target);
    const progress = new Progress(context);
    // What was copied so far is removed again.
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
