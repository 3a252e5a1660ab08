// `simplelogs keys`: create, list and revoke pairs of API keys in the configuration file.
//
// An edit changes the file's text, checks that the new text loads, and replaces the file in one step.

import type { Command } from "commander";
import { pairNameProblem, projectNameProblem } from "../config/check.ts";
import { addKeyPair, type Edit, type NewKeyPair, revokeKey } from "../config/edit.ts";
import { generateKey, hashKey } from "../config/keys.ts";
import { parseSettings, readConfigFile } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { writeConfigFile } from "../config/write.ts";
import { OperatingError } from "../core/errors.ts";
import { nearestName } from "../core/nearest.ts";
import { parseOriginPattern } from "../core/origin.ts";
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
export function registerKeys(program: Command, context: CliContext): void {
  const keys = addConfigOption(program.command("keys"))
    .summary("create, list and revoke API keys")
    .description("API keys are in the configuration file. A running server applies a change by itself.");
  registerKeysCreate(keys, context);
  registerKeysList(keys, context);
  registerKeysRevoke(keys, context);
}

/** One pair for display, its keys masked; null for absent values. */
interface PairRow {
  readonly name: string;
  readonly project: string;
  readonly server: string | null;
  readonly client: string | null;
  readonly origins: readonly string[];
  readonly rate: number | null;
  readonly revoked: boolean;
}

/** The pairs in the order of the file. */
export function pairRows(settings: Settings): PairRow[] {
  return settings.keys.map((pair) => ({
    name: pair.name,
    project: pair.project,
    server: pair.serverMasked ?? null,
    client: pair.clientMasked ?? null,
    origins: pair.origins,
    rate: pair.rate ?? null,
    revoked: pair.revoked,
  }));
}

const HEADER = ["NAME", "PROJECT", "SERVER", "CLIENT", "RATE", "STATE", "ORIGINS"];

function cells(row: PairRow): string[] {
  const rate = row.rate === null ? "-" : `${row.rate}/s`;
  const origins = row.origins.length === 0 ? "-" : row.origins.join(" ");
  return [
    row.name,
    row.project,
    row.server ?? "-",
    row.client ?? "-",
    rate,
    row.revoked ? "revoked" : "active",
    origins,
  ];
}

function tableOf(rows: readonly PairRow[]): string {
  return formatTable(
    [HEADER, ...rows.map(cells)],
    HEADER.map(() => "left"),
  );
}

/** Adds the command below `keys`. */
function registerKeysList(keys: Command, context: CliContext): void {
  const command = addConfigOption(keys.command("list"))
    .summary("show the pairs, keys masked")
    .description("Shows each pair of the configuration: name, project, masked keys, rate, state and origins.")
    .option("--json", "print one JSON array");
  command.action(async (options: { json?: boolean }) => {
    const settings = await requireSettings(configFileOf(command, context), context);
    const rows = pairRows(settings);
    context.stdout.write(options.json === true ? jsonLine(rows, context) : tableOf(rows));
  });
}

interface CreateOptions {
  readonly project?: string;
  readonly origin?: readonly string[];
  readonly rate?: number;
  readonly serverOnly?: boolean;
  readonly clientOnly?: boolean;
  readonly hashed?: boolean;
  readonly json?: boolean;
}

function addOrigin(value: string, earlier: readonly string[] | undefined): string[] {
  const result = parseOriginPattern(value);
  if (!result.ok) throw new OperatingError("usage", `--origin ${JSON.stringify(value)}: ${result.problem}`);
  return [...(earlier ?? []), result.pattern];
}

/** Throws OperatingError("usage") for a name that the file would not take. */
function checkName(what: string, problem: string | undefined, value: string): void {
  if (problem !== undefined) throw new OperatingError("usage", `${what} ${JSON.stringify(value)}: ${problem}`);
}

function parseRate(value: string): number {
  const rate = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : 0;
  if (!(rate > 0 && rate <= 1e9)) {
    throw new OperatingError(
      "usage",
      `--rate ${JSON.stringify(value)}: expected entries a second, a number above 0, up to 1e9`,
    );
  }
  return rate;
}

/** Adds the command below `keys`. */
function registerKeysCreate(keys: Command, context: CliContext): void {
  const command = addConfigOption(keys.command("create"))
    .summary("add a pair of new keys")
    .description(
      "Adds a pair of new keys to the configuration file and prints them once. A running server accepts them within a " +
        "second.",
    )
    .argument("<name>", "name of the pair: 2 to 80 characters, unique")
    .option("--project <name>", 'project that the entries go to (default: "default")')
    .option("--origin <origin>", "page origin that may use the client key; repeat for more", addOrigin)
    .option("--rate <number>", "entries a second that each key may send (default: no limit)", parseRate)
    .option("--server-only", "make no client key")
    .option("--client-only", "make no server key")
    .option("--hashed", "write the keys' SHA-256 into the file instead of the keys")
    .option("--json", "print one JSON object");
  command.action(async (name: string, options: CreateOptions) => {
    if (options.serverOnly === true && options.clientOnly === true) {
      throw new OperatingError("usage", "--server-only and --client-only exclude each other");
    }
    checkName("name", pairNameProblem(name), name);
    const { project } = options;
    if (project !== undefined) checkName("--project", projectNameProblem(project), project);
    const origins = options.origin ?? [];
    if (options.serverOnly === true && origins.length > 0) {
      throw new OperatingError("usage", "--origin is for client keys: leave it out with --server-only");
    }
    const server = options.clientOnly === true ? undefined : generateKey("server");
    const client = options.serverOnly === true ? undefined : generateKey("client");
    const isHashed = options.hashed === true;
    const sha256 = (key: string | undefined) => (isHashed && key !== undefined ? hashKey(key) : undefined);
    const pair: NewKeyPair = {
      name,
      project,
      server: isHashed ? undefined : server,
      serverSha256: sha256(server),
      client: isHashed ? undefined : client,
      clientSha256: sha256(client),
      origins,
      rate: options.rate,
    };
    const file = configFileOf(command, context);
    await editConfigFile(file, context, (text, settings) => {
      if (settings.keys.some((other) => other.name === name)) {
        throw new OperatingError("usage", `there is a pair named ${JSON.stringify(name)} already: names are unique`);
      }
      return addKeyPair(text, pair);
    });

    if (client !== undefined && origins.length === 0) {
      context.stderr.write("warning: the client key is rejected until the pair has origins (--origin)\n");
    }
    if (options.json === true) {
      const created = { name, project: project ?? "default", server: server ?? null, client: client ?? null };
      context.stdout.write(jsonLine(created, context));
      return;
    }
    const lines = [`Added ${JSON.stringify(name)} to ${displayPath(file, context)}. The keys, shown once:`];
    if (server !== undefined) lines.push(`  server key  ${server}`);
    if (client !== undefined) lines.push(`  client key  ${client}`);
    context.stdout.write(`${lines.join("\n")}\n`);
  });
}

/** Adds the command below `keys`. */
function registerKeysRevoke(keys: Command, context: CliContext): void {
  const command = addConfigOption(keys.command("revoke"))
    .summary("make a pair's keys stop working")
    .description(
      "Sets revoked = true in the pair. A running server refuses both keys within a second. To replace only one key, first " +
        "create a second pair and move the key's users to it.",
    )
    .argument("<name>", "name of the pair");
  command.action(async (name: string) => {
    const file = configFileOf(command, context);
    const isChanged = await editConfigFile(file, context, (text, settings) => {
      const edit = revokeKey(text, name, context.env);
      if (edit.ok) return edit;
      // Revoking twice succeeds: a script may try again.
      if (edit.reason === "already_revoked") return { ok: true, text };
      const names = settings.keys.map((pair) => pair.name);
      const nearest = nearestName(name, names);
      const hint = nearest === undefined ? "there are none" : `did you mean ${JSON.stringify(nearest)}?`;
      throw new OperatingError("usage", `there is no pair named ${JSON.stringify(name)}: ${hint}`);
    });
    const done = isChanged ? "Revoked" : "Already revoked:";
    context.stdout.write(`${done} ${JSON.stringify(name)} in ${displayPath(file, context)}\n`);
  });
}

/**
 * Edits the file; `change` gets its text and the settings that it means. False where there was nothing to change.
 * Errors: config_invalid before or after the change, io, and what `change` throws; the file is then as it was.
 */
async function editConfigFile(
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
