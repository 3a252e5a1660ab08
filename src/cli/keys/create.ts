// `simplelogs keys create`: a new pair in the configuration; its keys are printed once.

import type { Command } from "commander";
import { pairNameProblem, projectNameProblem } from "../../config/check.ts";
import { addKeyPair } from "../../config/edit.ts";
import { generateKey, hashKey } from "../../config/keys.ts";
import type { NewKeyPair } from "../../config/toml_text.ts";
import { OperatingError } from "../../core/errors.ts";
import { parseOriginPattern } from "../../core/origin.ts";
import { addConfigOption, type CliContext, configFileOf, displayPath } from "../context.ts";
import { jsonLine } from "../json_line.ts";
import { editConfigFile } from "./edit_file.ts";

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

/** A name as the file would take it. */
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
export function registerKeysCreate(keys: Command, context: CliContext): void {
  const command = addConfigOption(keys.command("create"))
    .summary("add a pair of new keys")
    .description(
      "Adds a pair of new keys to the configuration file and prints the keys, this once. A running server takes them " +
        "within a second.",
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
