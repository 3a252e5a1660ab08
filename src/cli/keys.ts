// `simplelogs keys`: the commands about API keys.

import type { Command } from "commander";
import { addConfigOption, type CliContext } from "./context.ts";
import { registerKeysCreate } from "./keys/create.ts";
import { registerKeysList } from "./keys/list.ts";
import { registerKeysRevoke } from "./keys/revoke.ts";

/** Adds the command and its own commands to the program. */
export function registerKeys(program: Command, context: CliContext): void {
  const keys = addConfigOption(program.command("keys"))
    .summary("create, list and revoke API keys")
    .description("API keys live in the configuration file; a running server picks a change up by itself.");
  registerKeysCreate(keys, context);
  registerKeysList(keys, context);
  registerKeysRevoke(keys, context);
}
