// `simplelogs keys revoke`: both keys of a pair stop working; the pair stays in the file, so its name stays taken.

import type { Command } from "commander";
import { revokeKey } from "../../config/edit.ts";
import { OperatingError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest.ts";
import { addConfigOption, type CliContext, configFileOf, displayPath } from "../context.ts";
import { editConfigFile } from "./edit_file.ts";

/** Adds the command below `keys`. */
export function registerKeysRevoke(keys: Command, context: CliContext): void {
  const command = addConfigOption(keys.command("revoke"))
    .summary("make a pair's keys stop working")
    .description(
      "Sets revoked = true in the pair: both its keys are refused. A running server takes it within a second. To replace " +
        "one key only, create a second pair first and move its users over.",
    )
    .argument("<name>", "name of the pair");
  command.action(async (name: string) => {
    const file = configFileOf(command, context);
    const isChanged = await editConfigFile(file, context, (text, settings) => {
      const edit = revokeKey(text, name, context.env);
      if (edit.ok) return edit;
      // Twice is as good as once: a script may try again.
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
