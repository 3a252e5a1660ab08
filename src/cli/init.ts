// `simplelogs init`: a configuration file with new keys, shown once.

import type { Command } from "commander";
import { createInitialConfig, firstRunText } from "../config/initial.ts";
import { addConfigOption, type CliContext, configFileOf, displayPath } from "./context.ts";

/** What the new file makes `serve` listen on. */
const INITIAL_URL = "http://127.0.0.1:7070";

/** Adds the command to the program. */
export function registerInit(program: Command, context: CliContext): void {
  const command = addConfigOption(program.command("init"))
    .summary("make a configuration file with new keys")
    .description(
      "Makes a configuration file with every default explained, a new server key, client key and admin token, readable " +
        "only by you, and prints the keys once. It never replaces a file unless told to.",
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
