// `simplelogs compact`: rewrites the data file, so no byte of deleted data remains in it.

import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatBytes } from "../core/format.ts";
import { isStoreError } from "../store/database.ts";
import { type CompactPhase, compactData, type RoomNeeded } from "../store/space/compact.ts";
import { addConfigOption, type CliContext, displayPath, requireReadingSettings } from "./context.ts";
import { localDataOf } from "./data_file.ts";
import { addNotes } from "./help.ts";
import { jsonLine } from "./output.ts";

interface CompactOptions {
  readonly data?: string;
  readonly json?: boolean;
}

const NOTES = `
Stop the server first. SQLite's VACUUM rewrites the data. It needs up to twice the data's size in free space, which is checked before it
begins. If the process is killed, the data stays as it was. docs/erasing.md says where traces can remain.

Examples:
  simplelogs compact
  simplelogs compact --data /backups/2026-01-31.db
`;

const PHASES: Readonly<Record<CompactPhase, string>> = {
  rewrite: "rewriting the data",
  copy_back: "copying it back into the file",
};

/** Adds the command to the program. */
export function registerCompact(program: Command, context: CliContext): void {
  const command = addConfigOption(program.command("compact"))
    .summary("rewrite the data file without deleted data")
    .description(
      "Rewrites the data file in place, as small as possible. No byte of an erased or expired record remains in it or in its " +
        "write-ahead log.",
    )
    .option("--data <file>", "compact this data file instead of the configured one")
    .option("--json", "print one JSON object");
  addNotes(command, NOTES, context).action(async (options: CompactOptions) => {
    const { file } = await localDataOf(command, options, context, requireReadingSettings);
    try {
      const report = compactData({
        file,
        onRoom: (rooms) => context.stderr.write(`${rooms.map(roomText).join("\n")}\n`),
        onPhase: (phase) => context.stderr.write(`${PHASES[phase]}\n`),
      });
      const { bytesBefore, bytesAfter } = report;
      context.stdout.write(
        options.json === true
          ? jsonLine({ file, ...report }, context)
          : `Compacted ${displayPath(file, context)}: ${formatBytes(bytesBefore)} before, ${formatBytes(bytesAfter)} now\n`,
      );
    } catch (error) {
      if (!isStoreError(error)) throw error;
      throw new OperatingError("io", `cannot compact ${file}: ${error.message}`, { cause: error });
    }
  });
}

function roomText({ folder, needed, free }: RoomNeeded): string {
  return `needs ${formatBytes(needed)} free in ${folder}; it has ${formatBytes(free)}`;
}
