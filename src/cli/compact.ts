// `simplelogs compact`: writes the data file anew, so that nothing of what was deleted is left in it.

import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatBytes } from "../core/format.ts";
import { isStoreError } from "../store/database.ts";
import { type CompactPhase, compactData, type RoomNeeded } from "../store/space/compact.ts";
import { addConfigOption, type CliContext, displayPath, requireReadingSettings } from "./context.ts";
import { jsonLine } from "./json_line.ts";
import { addNotes } from "./search_help.ts";
import { localDataOf } from "./tools.ts";

interface CompactOptions {
  readonly data?: string;
  readonly json?: boolean;
}

const NOTES = `
The server must be stopped. The data is written anew by SQLite's VACUUM and takes its room up to twice more meanwhile, which is checked first. A
process that is killed at any moment leaves the data as it was. docs/erasing.md says what is left where.

Examples:
  simplelogs compact
  simplelogs compact --data /backups/2026-01-31.db
`;

const PHASES: Readonly<Record<CompactPhase, string>> = {
  rewrite: "writing the data anew",
  copy_back: "copying it into the file",
};

/** Adds the command to the program. */
export function registerCompact(program: Command, context: CliContext): void {
  const command = addConfigOption(program.command("compact"))
    .summary("write the data file anew, without what was deleted")
    .description(
      "Writes the data file anew, in place: it is as small as it can be then, and no byte of what was erased or has expired " +
        "is left in it or its log.",
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
  return `needs ${formatBytes(needed)} free in ${folder}; there is ${formatBytes(free)}`;
}
