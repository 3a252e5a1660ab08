// `simplelogs readers`: create, list and remove those who may read and change nothing, in the configuration file.

import type { Command } from "commander";
import { pairNameProblem, projectNameProblem } from "../config/check.ts";
import { addReader, type Edit, removeReader } from "../config/edit.ts";
import { editConfigFile } from "../config/edit_file.ts";
import { generateAdminToken, hashKey } from "../config/keys.ts";
import type { Settings } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import { nearestName } from "../core/nearest.ts";
import {
  addConfigOption,
  type CliContext,
  configFileOf,
  configInvalid,
  displayPath,
  requireSettings,
} from "./context.ts";
import { jsonLine } from "./output.ts";
import { formatTable } from "./style.ts";

/** Adds the command and its own commands to the program. */
export function registerReaders(program: Command, context: CliContext): void {
  const readers = addConfigOption(program.command("readers"))
    .summary("create, list and remove those who may only read")
    .description(
      "Readers have a token that reads the projects given to it, and changes nothing. They are in the configuration file; a " +
        "running server applies a change by itself.",
    );
  registerCreate(readers, context);
  registerList(readers, context);
  registerRemove(readers, context);
}

interface CreateOptions {
  readonly project?: readonly string[];
  readonly hashed?: boolean;
  readonly json?: boolean;
}

function addProject(value: string, earlier: readonly string[] | undefined): string[] {
  const problem = projectNameProblem(value);
  if (problem !== undefined) throw new OperatingError("usage", `--project ${JSON.stringify(value)}: ${problem}`);
  return [...(earlier ?? []), value];
}

function registerCreate(readers: Command, context: CliContext): void {
  const command = addConfigOption(readers.command("create"))
    .summary("add a reader with a new token")
    .description("Adds a reader with a new token to the configuration file and prints the token once.")
    .argument("<name>", "name of the reader: 2 to 80 characters, unique")
    .option("--project <name>", "project that they may read; repeat for more (default: all)", addProject)
    .option("--hashed", "write the token's SHA-256 into the file instead of the token")
    .option("--json", "print one JSON object");
  command.action(async (name: string, { project: projects, hashed, json }: CreateOptions) => {
    const problem = pairNameProblem(name);
    if (problem !== undefined) throw new OperatingError("usage", `name ${JSON.stringify(name)}: ${problem}`);
    const token = generateAdminToken();
    const isHashed = hashed === true;
    const file = configFileOf(command, context);
    await edit(file, context, (text, settings) => {
      if (settings.readers.some((other) => other.name === name)) {
        throw new OperatingError("usage", `there is a reader named ${JSON.stringify(name)} already: names are unique`);
      }
      const tokenSha256 = isHashed ? hashKey(token) : undefined;
      return addReader(text, { name, token: isHashed ? undefined : token, tokenSha256, projects });
    });
    if (json === true) {
      context.stdout.write(jsonLine({ name, projects: projects ?? null, token }, context));
      return;
    }
    const where = displayPath(file, context);
    context.stdout.write(`Added the reader ${JSON.stringify(name)} to ${where}. The token, shown once:\n  ${token}\n`);
  });
}

function registerList(readers: Command, context: CliContext): void {
  const command = addConfigOption(readers.command("list"))
    .summary("show the readers")
    .description("Shows each reader of the configuration and what they may read.")
    .option("--json", "print one JSON array");
  command.action(async (options: { json?: boolean }) => {
    const settings = await requireSettings(configFileOf(command, context), context);
    const rows = settings.readers.map(({ name, projects = null }) => ({ name, projects }));
    const cells = rows.map(({ name, projects }) => [name, projects?.join(" ") ?? "all"]);
    const table = () => formatTable([["NAME", "PROJECTS"], ...cells], ["left", "left"]);
    context.stdout.write(options.json === true ? jsonLine(rows, context) : table());
  });
}

function registerRemove(readers: Command, context: CliContext): void {
  const command = addConfigOption(readers.command("remove"))
    .summary("take a reader out")
    .description(
      "Removes the reader's table. A running server ends their sessions and refuses their token within a second.",
    )
    .argument("<name>", "name of the reader");
  command.action(async (name: string) => {
    const file = configFileOf(command, context);
    await edit(file, context, (text, settings) => {
      const removed = removeReader(text, name, context.env);
      if (removed.ok) return removed;
      const nearest = nearestName(
        name,
        settings.readers.map((reader) => reader.name),
      );
      const hint = nearest === undefined ? "there are none" : `did you mean ${JSON.stringify(nearest)}?`;
      throw new OperatingError("usage", `there is no reader named ${JSON.stringify(name)}: ${hint}`);
    });
    context.stdout.write(`Removed the reader ${JSON.stringify(name)} from ${displayPath(file, context)}\n`);
  });
}

/** Errors: config_invalid before or after the change, io, and what `change` throws; the file is then as it was. */
async function edit(
  file: string,
  context: CliContext,
  change: (text: string, settings: Settings) => Edit,
): Promise<void> {
  const edited = await editConfigFile(file, context.env, (text, settings) => {
    const changed = change(text, settings);
    if (!changed.ok) throw new OperatingError("io", `cannot edit ${file}: ${changed.reason}`);
    return changed.text;
  });
  if (edited.ok) return;
  if (edited.code === "invalid") throw configInvalid(edited.problems, context);
  throw new OperatingError("io", edited.message);
}
