// What a command does before it reads a data file: batches that were answered, and that a crash kept from being written in full,
// are written first.

import { parseSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import { isStoreError } from "../store/database.ts";
import { flushFile } from "../threads/writer/flush_file.ts";
import type { CliContext } from "./context.ts";

/** Without `settings` the defaults hold. What cannot be written is told, and the rest is read. */
export async function settleData(file: string, settings: Settings | undefined, context: CliContext): Promise<void> {
  try {
    await flushFile(file, settings ?? defaultSettings(file));
  } catch (error) {
    if (!(error instanceof OperatingError || isStoreError(error))) throw error;
    context.stderr.write(`simplelogs: the latest batches are left out, they could not be written: ${error.message}\n`);
  }
}

function defaultSettings(file: string): Settings {
  const parsed = parseSettings("", file, {});
  if (!parsed.ok) throw new OperatingError("usage", "there are no default settings");
  return parsed.settings;
}
