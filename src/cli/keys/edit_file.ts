// One edit of a configuration file: read, changed as text, checked that it still loads, and written in one step.

import type { Edit } from "../../config/edit.ts";
import { parseSettings, readConfigFile } from "../../config/load.ts";
import type { Settings } from "../../config/settings.ts";
import { writeConfigFile } from "../../config/write.ts";
import { OperatingError } from "../../core/errors.ts";
import { type CliContext, configInvalid } from "../context.ts";

/**
 * Edits the file; `change` gets its text and the settings that it means. False where there was nothing to change.
 * Errors: config_invalid before or after the change, io, and what `change` throws; the file is then as it was.
 */
export async function editConfigFile(
  file: string,
  context: CliContext,
  change: (text: string, settings: Settings) => Edit,
): Promise<boolean> {
  const read = await readConfigFile(file);
  if ("problem" in read) throw configInvalid([read.problem], context);
  const before = parseSettings(read.text, file, context.env);
  if (!before.ok) throw configInvalid(before.problems, context);
  const edit = change(read.text, before.settings);
  if (!edit.ok) throw new OperatingError("io", `cannot edit ${file}: ${edit.reason}`);
  if (edit.text === read.text) return false;
  const after = parseSettings(edit.text, file, context.env);
  if (!after.ok) throw configInvalid(after.problems, context);
  const again = await readConfigFile(file);
  if ("problem" in again || again.text !== read.text) {
    throw new OperatingError("io", `cannot edit ${file}: it was changed at the same time; try again`);
  }
  await writeConfigFile(file, edit.text);
  return true;
}
