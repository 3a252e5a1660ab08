// `simplelogs clickhouse`: the statements that make the tables, whether the servers can be used, and how far the data
// file is shipped. Nothing of ClickHouse is loaded before one of these runs.

import type { Command } from "commander";
import type { ShippingState } from "../commit/shipping_state.ts";
import { clusterOf } from "../config/clickhouse.ts";
import type { ClickHouseSettings, Settings } from "../config/settings.ts";
import type { StatusResponse } from "../core/account_responses.ts";
import { systemClock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import { formatBytes, formatCount, formatCountOf, formatDuration, formatInstant } from "../core/format.ts";
import { escapeControls } from "../core/terminal.ts";
import { shippingOf } from "../store/shipping_reader.ts";
import { addConfigOption, type CliContext, configFileOf, requireSettings } from "./context.ts";
import { addNotes } from "./help.ts";
import { configuredUrl, type SourceOptions, serverUrl, TOKEN_VARIABLE, tokenOf } from "./options.ts";
import { jsonLine } from "./output.ts";
import { checkShippingStatus } from "./remote_responses.ts";
import { RemoteServer } from "./remote_server.ts";

interface ClickHouseOptions {
  readonly json?: boolean;
}

interface StatusOptions extends ClickHouseOptions, Pick<SourceOptions, "url" | "token"> {}

const SCHEMA_NOTES = `
The server runs these statements by itself when it starts. They are for whoever makes the tables by hand, with rights that the server's
user does not have. With clickhouse.cluster they are those for Replicated and Distributed tables.

Examples:
  simplelogs clickhouse schema
  simplelogs clickhouse schema | clickhouse-client --database simplelogs --multiquery
`;

const CHECK_NOTES = `
Asks each address of clickhouse.url for its version, and for the database, the tables, the cluster and the rights of the user. Changes
nothing. The exit code is 1 where one of them cannot be used.

Example:
  simplelogs clickhouse check
`;

const STATUS_NOTES = `
Reads the data file, beside a running server too, and asks the cluster what it has of each node. The running server alone knows its
batches and failures: it is asked where ${TOKEN_VARIABLE} is set. The exit code is 1 where the cluster cannot be asked, and where it has
records of this node that the data file has not shipped.

Examples:
  simplelogs clickhouse status
  simplelogs clickhouse status --json
`;

/** Adds the commands to the program. */
export function registerClickHouse(program: Command, context: CliContext): void {
  const group = addConfigOption(program.command("clickhouse"))
    .summary("a ClickHouse cluster behind the data file: its tables, its servers, what is shipped")
    .description("Looks at the cluster of the [clickhouse] table. docs/scaling.md explains it.");
  const schema = addConfigOption(group.command("schema")).summary("print the statements that make the tables");
  addNotes(schema.description("Prints the statements that make the tables."), SCHEMA_NOTES, context).action(
    async () => {
      const { cluster } = (await loaded(schema, context)).clickhouse;
      const { schemaStatements } = await import("../clickhouse/tables.ts");
      context.stdout.write(
        `${schemaStatements({ cluster })
          .map((statement) => `${statement};`)
          .join("\n\n")}\n`,
      );
    },
  );
  const check = addConfigOption(group.command("check")).summary("check whether the servers can be used");
  check.description("Checks whether each server can be used.").option("--json", "print one JSON object");
  addNotes(check, CHECK_NOTES, context).action(async (options: ClickHouseOptions) => {
    await checkServers((await loaded(check, context)).clickhouse, options, context);
  });
  const status = addConfigOption(group.command("status")).summary("how far the data file is shipped");
  status
    .description("Says how far the data file is shipped, and what the cluster has.")
    .option("--url <url>", "address of the server that runs (default: as the configuration says)")
    .option("--token <token>", `its admin token (better ${TOKEN_VARIABLE}, which other users cannot see)`)
    .option("--json", "print one JSON object");
  addNotes(status, STATUS_NOTES, context).action(async (options: StatusOptions) => {
    const { settings, clickhouse } = await loaded(status, context);
    await showStatus(settings, clickhouse, options, context);
  });
}

interface Loaded {
  readonly settings: Settings;
  readonly clickhouse: ClickHouseSettings;
}

async function loaded(command: Command, context: CliContext): Promise<Loaded> {
  const settings = await requireSettings(configFileOf(command, context), context);
  const { clickhouse } = settings;
  if (clickhouse === undefined) {
    throw new OperatingError("usage", "there is no [clickhouse] table in the configuration; docs/scaling.md shows one");
  }
  return { settings, clickhouse };
}

async function checkServers(
  settings: ClickHouseSettings,
  { json }: ClickHouseOptions,
  context: CliContext,
): Promise<void> {
  const { inspectServers } = await import("../clickhouse/inspect.ts");
  const servers = await inspectServers(clusterOf(settings));
  const failed = servers.filter(({ problem }) => problem !== undefined);
  if (json === true) {
    const shown = servers.map((server) => ({
      ...server,
      version: server.version ?? null,
      problem: server.problem ?? null,
    }));
    context.stdout.write(jsonLine({ ok: failed.length === 0, servers: shown }, context));
  } else {
    for (const { url, version, schemaVersion, problem } of servers) {
      if (problem !== undefined) continue;
      const tables =
        schemaVersion === 0
          ? "no tables yet: the server makes them when it starts"
          : `tables of version ${schemaVersion}`;
      context.stdout.write(`OK ${url}: ClickHouse ${version}, database ${settings.database}, ${tables}\n`);
    }
  }
  if (failed.length === 0) return;
  const lines = failed.map(({ url, problem = "" }) => (problem.includes(url) ? problem : `${url}: ${problem}`));
  throw new OperatingError(
    "io",
    `cannot use ${formatCountOf(failed.length, "server")} of ${servers.length}\n${lines.join("\n")}`,
  );
}

async function showStatus(
  settings: Settings,
  clickhouse: ClickHouseSettings,
  { json, ...server }: StatusOptions,
  context: CliContext,
): Promise<void> {
  const { storedByNode } = await import("../clickhouse/inspect.ts");
  const { ClickHouseError } = await import("../clickhouse/errors.ts");
  let nodes: Awaited<ReturnType<typeof storedByNode>>;
  let problem: string | undefined;
  try {
    nodes = await storedByNode(clusterOf(clickhouse));
  } catch (error) {
    if (!(error instanceof ClickHouseError)) throw error;
    problem = error.message;
  }
  // After the cluster: what it has was written down in the file before it was sent.
  const { state, nextId, backlogBytes, oldestReceivedAt } = shippingOf(settings.data);
  const shippedBelow = state?.shippedBelow ?? 1;
  const backlogRecords = Math.max(0, nextId - shippedBelow);
  const lagMs = oldestReceivedAt === undefined ? 0 : Math.max(0, Math.round(systemClock() - oldestReceivedAt));
  const { node, backlogBytesMax } = clickhouse;
  const running = await runningShipping(settings, server, context);
  const idMax = nodes?.find((one) => one.node === node)?.idMax ?? 0;
  if (idMax >= (state?.batch?.to ?? shippedBelow)) {
    problem =
      `the cluster has record ${formatCount(idMax)} of node ${node}, which this data file has not shipped: another server uses this number, ` +
      "or the data file is an older copy. Give it a number of its own (clickhouse.node)";
  }
  if (json === true) {
    const backlog = { backlogRecords, backlogBytes, backlogBytesMax, lagMs };
    const report = { node, shippedBelow, ...backlog, batch: state?.batch ?? null, nodes: nodes ?? null };
    context.stdout.write(
      jsonLine({ ...report, server: typeof running === "string" ? null : running, problem: problem ?? null }, context),
    );
    if (problem !== undefined) throw new OperatingError("io", problem);
    return;
  }
  const lines = [
    `node        ${node}`,
    `shipped     ${shippedText(state)}`,
    `waiting     ${formatCountOf(backlogRecords, "record")}, ${formatBytes(backlogBytes)} of ${formatBytes(backlogBytesMax)}${
      backlogRecords === 0 ? "" : `, the oldest received ${formatDuration(lagMs)} ago`
    }`,
    `server      ${typeof running === "string" ? running : runningText(running)}`,
    ...(nodes === undefined && problem === undefined ? ["cluster     no tables yet"] : []),
    ...(nodes === undefined ? [] : ["cluster"]),
    ...(nodes ?? []).map(
      (one) =>
        `  node ${one.node}: ${formatCountOf(one.records, "record")}, the newest received ${formatInstant(one.newestReceivedAt)}`,
    ),
  ];
  context.stdout.write(`${lines.join("\n")}\n`);
  if (problem !== undefined) throw new OperatingError("io", problem);
}

function shippedText(state: ShippingState | undefined): string {
  if (state === undefined) return "nothing yet";
  const uncertain = state.batch === undefined ? "" : `; those up to ${formatCount(state.batch.to - 1)} are being sent`;
  return `all records up to id ${formatCount(state.shippedBelow - 1)}${uncertain}`;
}

/** What the server that runs has shipped since its start. */
type RunningShipping = Pick<NonNullable<StatusResponse["shipping"]>, "batches" | "records" | "failures" | "problem"> &
  Pick<StatusResponse, "startedAt">;

/** Or why it is not known. */
async function runningShipping(
  settings: Settings,
  options: Pick<StatusOptions, "url" | "token">,
  context: CliContext,
): Promise<RunningShipping | string> {
  const token = tokenOf(options, context);
  const url = options.url === undefined ? configuredUrl(settings) : serverUrl(options.url, "--url");
  if (token === undefined) return `not asked: that needs its admin token in ${TOKEN_VARIABLE}`;
  if (url === undefined) return "not asked: its port is not known (--url)";
  try {
    const answer = await new RemoteServer({ url, token, isOwn: true }).get("/api/v1/status", {});
    checkShippingStatus(answer);
    const { startedAt, shipping } = answer as StatusResponse;
    if (shipping === undefined) return `${url} ships nothing: it runs without [clickhouse]`;
    const { batches, records, failures, problem } = shipping;
    return { startedAt, batches, records, failures, problem };
  } catch (error) {
    if (error instanceof OperatingError) return error.message;
    throw error;
  }
}

function runningText({ startedAt, batches, records, failures, problem }: RunningShipping): string {
  const stored = `${formatCount(batches)} ${batches === 1 ? "batch" : "batches"} with ${formatCountOf(records, "record")} stored`;
  const failed = failures === 0 ? "none failed" : `${formatCountOf(failures, "attempt")} failed`;
  const reason = problem === null ? "" : `; nothing is shipped now: ${escapeControls(problem)}`;
  return `${stored}, ${failed}, since ${formatInstant(startedAt)}${reason}`;
}
