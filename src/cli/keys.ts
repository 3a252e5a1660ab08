// `simplelogs keys`: create, list, edit and revoke pairs of API keys in the configuration file.

import type { Command } from "commander";
import { pairNameProblem, projectNameProblem } from "../config/check.ts";
import { changeKeys } from "../config/key_changes.ts";
import type { Settings } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import { formatCountOf } from "../core/format.ts";
import type { KeyChange, KeyPart } from "../core/key_changes.ts";
import { parseOriginPattern } from "../core/origin.ts";
import { addConfigOption, type CliContext, configFileOf, displayPath, requireSettings } from "./context.ts";
import { jsonLine } from "./output.ts";
import { formatTable } from "./style.ts";

/** Adds the command and its own commands to the program. */
export function registerKeys(program: Command, context: CliContext): void {
  const keys = addConfigOption(program.command("keys"))
    .summary("create, list, edit and revoke API keys")
    .description("API keys are in the configuration file. A running server applies a change by itself.");
  registerKeysCreate(keys, context);
  registerKeysList(keys, context);
  registerKeysEdit(keys, context);
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
    const part = partOf(options);
    checkName("name", pairNameProblem(name), name);
    const { project } = options;
    if (project !== undefined) checkName("--project", projectNameProblem(project), project);
    const origins = options.origin ?? [];
    if (part === "server" && origins.length > 0) {
      throw new OperatingError("usage", "--origin is for client keys: leave it out with --server-only");
    }
    const file = configFileOf(command, context);
    const { created } = await change(file, context, {
      kind: "create",
      name,
      project,
      part,
      origins,
      rate: options.rate,
      isHashed: options.hashed === true,
    });
    const { server, client } = created ?? {};

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

interface PartOptions {
  readonly serverOnly?: boolean;
  readonly clientOnly?: boolean;
}

/** Throws OperatingError("usage") where both are given. */
function partOf({ serverOnly, clientOnly }: PartOptions): KeyPart {
  if (serverOnly === true && clientOnly === true) {
    throw new OperatingError("usage", "--server-only and --client-only exclude each other");
  }
  return serverOnly === true ? "server" : clientOnly === true ? "client" : "both";
}

interface EditOptions {
  readonly origin?: readonly string[];
  readonly origins?: boolean;
  readonly rate?: number | "none";
}

/** Commander takes null for no value. */
function parseRateOrNone(value: string): number | "none" {
  return value === "none" ? value : parseRate(value);
}

/** Adds the command below `keys`. */
function registerKeysEdit(keys: Command, context: CliContext): void {
  const command = addConfigOption(keys.command("edit"))
    .summary("change the origins or the rate of a pair")
    .description(
      "Changes what is given and leaves the rest of the file as it is. A running server applies it within a second.",
    )
    .argument("<name>", "name of the pair")
    .option(
      "--origin <origin>",
      "page origin that may use the client key, in place of those of before; repeat for more",
      addOrigin,
    )
    .option("--no-origins", "no page may use the client key")
    .option("--rate <number>", 'entries a second that each key may send, or "none" for no limit', parseRateOrNone);
  command.action(async (name: string, { origin, origins: hasOrigins, rate }: EditOptions) => {
    if (origin !== undefined && hasOrigins === false) {
      throw new OperatingError("usage", "--origin and --no-origins exclude each other");
    }
    const origins = hasOrigins === false ? [] : origin;
    if (origins === undefined && rate === undefined) {
      throw new OperatingError("usage", "nothing to change: expected --origin, --no-origins or --rate");
    }
    const file = configFileOf(command, context);
    const { isChanged } = await change(file, context, {
      kind: "edit",
      name,
      origins,
      rate: rate === "none" ? null : rate,
    });
    const done = isChanged ? "Changed" : "Already so:";
    context.stdout.write(`${done} ${JSON.stringify(name)} in ${displayPath(file, context)}\n`);
  });
}

/** Adds the command below `keys`. */
function registerKeysRevoke(keys: Command, context: CliContext): void {
  const command = addConfigOption(keys.command("revoke"))
    .summary("make a pair's keys, or one of them, stop working")
    .description(
      "Sets revoked = true in the pair. A running server refuses both keys within a second. With --client-only or " +
        "--server-only, removes the line of that key, and the other goes on. To replace a key without a gap, first create a " +
        "second pair and move the key's users to it.",
    )
    .argument("<name>", "name of the pair")
    .option("--server-only", "remove the server key, and keep the client key")
    .option("--client-only", "remove the client key, and keep the server key");
  command.action(async (name: string, options: PartOptions) => {
    const part = partOf(options);
    const file = configFileOf(command, context);
    const { isChanged } = await change(file, context, { kind: "revoke", name, part });
    const done = isChanged ? "Revoked" : "Already revoked:";
    const what = part === "both" ? JSON.stringify(name) : `the ${part} key of ${JSON.stringify(name)}`;
    context.stdout.write(`${done} ${what} in ${displayPath(file, context)}\n`);
  });
}

/** Writes the change into the file. Errors: usage for a wrong name, config_invalid, io; the file is then as it was. */
async function change(file: string, context: CliContext, wanted: KeyChange) {
  const outcome = await changeKeys(file, context.env, wanted);
  if (outcome.ok) return outcome;
  const { code, message } = outcome;
  if (code === "invalid") {
    const count = message.split("\n").length;
    throw new OperatingError("config_invalid", `${formatCountOf(count, "problem")} in the configuration\n${message}`);
  }
  throw new OperatingError(code === "not_found" || code === "already_there" ? "usage" : "io", message);
}
