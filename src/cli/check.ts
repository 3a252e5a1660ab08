// `simplelogs check`: whether the configuration loads and a server could start with it, and what it says.

import type { Command } from "commander";
import { loadSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { formatCountOf } from "../core/format.ts";
import { DAY_MS } from "../core/limits.ts";
import { escapeControls } from "../core/terminal.ts";
import { addConfigOption, type CliContext, configFileOf, configInvalid, displayPath, warningLines } from "./context.ts";
import { jsonLine } from "./json_line.ts";
import { pairRows } from "./keys/rows.ts";
import { checkStart } from "./start_checks.ts";

/** A few lines for people. */
function summary(settings: Settings, file: string, holder: string | undefined): string {
  const pairs = pairRows(settings).map((row) => {
    const halves = [row.server, row.client].filter((half) => half !== null).join(", ");
    return `  ${row.name} (project ${row.project}): ${halves}${row.revoked ? ", revoked" : ""}`;
  });
  const projects = Object.entries(settings.projects).map(([name, project]) => {
    const limit =
      project.monthlyEntries === undefined
        ? ""
        : `, ${project.monthlyEntries} entries a month, then ${project.overage}`;
    return `  ${name}: kept ${project.retentionMs / DAY_MS} days${limit}`;
  });
  const lines = [
    `OK ${file}`,
    `listen      ${settings.tls === undefined ? "http" : "https"}, ${settings.host} port ${settings.port === 0 ? "any" : settings.port}`,
    `data        ${settings.data}${holder === undefined ? "" : ` (${holder})`}`,
    `durability  ${settings.storage.durability}`,
    `reading     ${settings.adminTokenSha256 === undefined ? "off (no admin_token)" : "with the admin token"}`,
    `keys        ${formatCountOf(settings.keys.length, "pair")}`,
    ...pairs,
    `projects    ${Object.keys(settings.projects).length}`,
    ...projects,
  ];
  return `${lines.map(escapeControls).join("\n")}\n`;
}

/** Adds the command to the program. */
export function registerCheck(program: Command, context: CliContext): void {
  const command = addConfigOption(program.command("check"))
    .summary("test the configuration file")
    .description(
      "Says OK and what the configuration means, or everything that would keep the server from starting, as file:line: message. " +
        "Looks at certificate, data file and port as well. Exit code 2 on problems.",
    )
    .option("--json", "print one JSON object");
  command.action(async (options: { json?: boolean }) => {
    const file = configFileOf(command, context);
    const result = await loadSettings(file, context.env);
    if (!result.ok) {
      if (options.json === true) context.stdout.write(jsonLine({ ok: false, problems: result.problems }, context));
      throw configInvalid(result.problems, context);
    }
    const { settings, warnings } = result;
    const { problems, holder } = await checkStart(settings);
    if (problems.length > 0) {
      if (options.json === true) context.stdout.write(jsonLine({ ok: false, problems }, context));
      throw configInvalid(problems, context);
    }
    if (options.json === true) {
      const { host, port, data, projects, storage, tls } = settings;
      const reading = settings.adminTokenSha256 !== undefined;
      const keys = pairRows(settings);
      const durability = storage.durability;
      const report = {
        ok: true,
        file,
        warnings,
        host,
        port,
        tls: tls !== undefined,
        data,
        ...(holder === undefined ? {} : { holder }),
        durability,
        reading,
        keys,
        projects,
      };
      context.stdout.write(jsonLine(report, context));
      return;
    }
    if (warnings.length > 0) context.stderr.write(`${warningLines(warnings, context)}\n`);
    context.stdout.write(summary(settings, displayPath(file, context), holder));
  });
}
