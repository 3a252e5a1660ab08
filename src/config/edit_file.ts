// Changes a configuration file by an edit of its text: the text is read, changed, checked that it loads, and written in
// one step. A file that another program changed meanwhile is left as it is.

import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { OperatingError } from "../core/errors.ts";
import { parseSettings, readConfigFile } from "./load.ts";
import type { ConfigProblem } from "./problem.ts";
import type { Settings } from "./settings.ts";
import type { Environment } from "./value_text.ts";
import { writeConfigFile } from "./write.ts";

/** The file was edited, or why it is as it was. */
export type FileEdit =
  | { readonly ok: true; readonly isChanged: boolean }
  /** It does not load, before the edit or after it. */
  | { readonly ok: false; readonly code: "invalid"; readonly problems: readonly ConfigProblem[] }
  | { readonly ok: false; readonly code: "conflict" | "unwritable"; readonly message: string };

/**
 * Edits the file; `change` gets its text and the settings that it means, and may throw: the file is then as it was.
 */
export async function editConfigFile(
  file: string,
  environment: Environment,
  change: (text: string, settings: Settings) => string,
): Promise<FileEdit> {
  const read = await readConfigFile(file);
  if ("problem" in read) return { ok: false, code: "invalid", problems: [read.problem] };
  const before = parseSettings(read.text, file, environment);
  if (!before.ok) return { ok: false, code: "invalid", problems: before.problems };
  const text = change(read.text, before.settings);
  if (text === read.text) return { ok: true, isChanged: false };
  const after = parseSettings(text, file, environment);
  if (!after.ok) return { ok: false, code: "invalid", problems: after.problems };
  const again = await readConfigFile(file);
  if ("problem" in again || again.text !== read.text) {
    return { ok: false, code: "conflict", message: `cannot edit ${file}: it was changed at the same time; try again` };
  }
  try {
    await writeConfigFile(file, text);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { ok: false, code: "unwritable", message: error.message };
  }
  return { ok: true, isChanged: true };
}

/** Why this process cannot write the file; undefined: it can. */
export async function writeObstacle(file: string): Promise<string | undefined> {
  try {
    await access(await realpath(file), constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const hints: Readonly<Record<string, string>> = {
      EROFS: "it is on a read-only file system",
      EACCES: "the server's user may not write it",
      EPERM: "the server's user may not write it",
      ENOENT: "there is no such file",
    };
    return `cannot write ${file}: ${hints[code] ?? code}`;
  }
}
