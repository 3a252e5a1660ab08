// `simplelogs serve` runs the server. On its first run it makes a configuration file, as `simplelogs init` does.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { startServer } from "../app.ts";
import { createInitialConfig, firstRunText, type InitialKeys } from "../config/initial.ts";
import { fileFingerprint } from "../config/reload.ts";
import type { Settings } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import { nearestName } from "../core/nearest.ts";
import { createLog } from "../log/log.ts";
import {
  addConfigOption,
  type CliContext,
  configFileOf,
  displayPath,
  requireSettings,
  type Signals,
} from "./context.ts";

interface ServeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly data?: string;
}

/** Adds the command to the program, as the one that runs when none is named. */
export function registerServe(program: Command, context: CliContext, signals: Signals, version: string): void {
  addConfigOption(program.command("serve", { isDefault: true }))
    .summary("run the server")
    .description(
      "Runs the server, also when no command is given. Without a configuration file it first makes one, and prints its keys once.",
    )
    .option("--host <address>", "listen on this address instead of the file's")
    .option("--port <number>", "listen on this port instead of the file's; 0 for any free one")
    .option("--data <file>", "store in this data file instead of the configured one")
    // An unknown command ends up here, because serve is the default command.
    .allowExcessArguments()
    .action(async (options: ServeOptions, command: Command) => {
      const [unknown] = command.args;
      if (unknown !== undefined) throw unknownCommand(unknown, program);
      await serve(configFileOf(command, context), options, context, signals, version);
    });
}

/** Resolves when the server has stopped. Throws OperatingError when it cannot start. */
async function serve(
  file: string,
  options: ServeOptions,
  context: CliContext,
  signals: Signals,
  version: string,
): Promise<void> {
  const port = options.port === undefined ? undefined : parsePort(options.port);
  let created: InitialKeys | undefined;
  if (!existsSync(file)) {
    created = await createInitialConfig(file);
    context.stdout.write(`Made ${displayPath(file, context)}: keys, origins and limits, each explained.\n`);
  }
  const configFingerprint = await fileFingerprint(file);
  const loaded = await requireSettings(file, context);
  const overrides = {
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(port === undefined ? {} : { port }),
    ...(options.data === undefined ? {} : { data: resolve(context.cwd, options.data) }),
  };
  const settings: Settings = { ...loaded, ...overrides };
  const openLog = (level: Settings["log"]["level"]) =>
    createLog({ level, isTerminal: context.isErrorTerminal, write: (line) => context.stderr.write(line) });
  let log = openLog(settings.log.level);

  // Without a handler, a signal during the start would kill the process.
  const stopAsked = Promise.withResolvers<void>();
  signals.on("SIGTERM", () => stopAsked.resolve());
  signals.on("SIGINT", () => stopAsked.resolve());
  let reload = async (): Promise<void> => {};
  signals.on("SIGHUP", () => {
    reload().catch((error: unknown) => log("error", `cannot reload: ${String(error)}`));
  });

  const server = await startServer({
    configFingerprint,
    settings,
    overrides,
    environment: context.env,
    log: (level, message, properties) => log(level, message, properties),
    version,
    reloaded: (reloaded) => {
      log = openLog(reloaded.log.level);
    },
  });
  reload = () => server.reload();
  log("info", `listening on ${server.url}`, { data: settings.data, durability: settings.storage.durability });
  if (created !== undefined) context.stdout.write(`\n${firstRunText(created, server.url)}\n`);
  await stopAsked.promise;
  log("info", "stopping: everything that was accepted is committed first");
  await server.stop();
  log("info", "stopped");
}

function unknownCommand(name: string, program: Command): OperatingError {
  const names = program.commands.map((command) => command.name());
  const near = nearestName(name, names, 3);
  const hint = near === undefined ? `there are: ${names.join(", ")}` : `did you mean "${near}"?`;
  return new OperatingError("usage", `there is no command ${JSON.stringify(name)}; ${hint}`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new OperatingError("usage", `--port: expected a whole number from 0 to 65535, got ${JSON.stringify(text)}`);
  }
  return port;
}

/** The address of `serve` with the new file. */
const INITIAL_URL = "http://127.0.0.1:7070";

/** Adds the command to the program. */
export function registerInit(program: Command, context: CliContext): void {
  const command = addConfigOption(program.command("init"))
    .summary("make a configuration file with new keys")
    .description(
      "Makes a configuration file that only you can read, with a new server key, client key and admin token, and every " +
        "default explained. Prints the keys once. Replaces an existing file only with --force.",
    )
    .option("--force", "replace the file if there is one; its keys stop working");
  command.action(async (options: { force?: boolean }) => {
    const file = configFileOf(command, context);
    const keys = await createInitialConfig(file, { force: options.force === true });
    context.stdout.write(
      `Made ${displayPath(file, context)}; start the server with \`simplelogs serve\`.\n\n${firstRunText(keys, INITIAL_URL)}`,
    );
  });
}
