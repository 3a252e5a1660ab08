// The options that the reading commands share, read from the command line and the environment: where the records come
// from, and which of them are meant. Every function throws OperatingError("usage") for a value that it cannot use.

import type { Command } from "commander";
import type { Settings } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import { INSTANT_EXPECTED, readBound } from "../core/instant.ts";
import type { QueryScope } from "../core/queries.ts";
import { localTimeZone, sentTimeZone, TimeZone } from "../core/time_zone.ts";
import { type CliContext, givenConfig } from "./context.ts";
import type { RemoteAddress } from "./remote_server.ts";

/** Where the records come from. */
export interface SourceOptions {
  readonly data?: string;
  readonly url?: string;
  readonly token?: string;
}

/** Which records are meant. */
export interface ScopeOptions {
  readonly project?: string | undefined;
  readonly from?: string;
  readonly to?: string;
}

/** The variable of the environment that names the server to query. */
export const URL_VARIABLE = "SIMPLELOGS_URL";
export const TOKEN_VARIABLE = "SIMPLELOGS_TOKEN";

/** Adds --data, --url and --token. */
export function addSourceOptions(command: Command): Command {
  return command
    .option("--data <file>", "read this data file instead of the configured one")
    .option("--url <url>", `query the server at this address instead (or ${URL_VARIABLE} in the environment)`)
    .option("--token <token>", `the server's admin token (better ${TOKEN_VARIABLE}, which other users cannot see)`);
}

const FROM_HELP =
  'only records at or after this time: a date, a time as printed here, ISO 8601, Unix ms, or an age such as "24h"';
const TO_HELP = "only records before this time, or until the end of this date";

/** Adds --project, --from and --to. */
export function addScopeOptions(command: Command): Command {
  return command
    .option("--project <name>", "only this project")
    .option("--from <time>", FROM_HELP)
    .option("--to <time>", TO_HELP);
}

/** The scope of a query: the words, joined, are the search; `now` in Unix ms. Throws OperatingError("usage"). */
export function scopeOf(words: readonly string[], { project, from, to }: ScopeOptions, now: number): QueryScope {
  return {
    project,
    q: words.join(" ").trim(),
    timeZone: sentTimeZone(),
    from: from === undefined ? undefined : parseInstant(from, "--from", now),
    to: to === undefined ? undefined : parseInstant(to, "--to", now),
  };
}

/**
 * The server that the options or the environment name, or undefined for the data file. An option overrides
 * the environment. Throws OperatingError("usage").
 */
export function remoteAddressOf(
  command: Command,
  options: SourceOptions,
  context: CliContext,
): RemoteAddress | undefined {
  const isLocal = options.data !== undefined || (options.url === undefined && givenConfig(command) !== undefined);
  if (options.url !== undefined && options.data !== undefined) {
    throw new OperatingError("usage", "--url and --data exclude each other: a server reads its own data file");
  }
  const text = options.url ?? (isLocal ? undefined : context.env[URL_VARIABLE] || undefined);
  if (text === undefined) return undefined;
  const where = options.url === undefined ? URL_VARIABLE : "--url";
  const token = tokenOf(options, context);
  const url = serverUrl(text, where);
  if (token === undefined) {
    throw new OperatingError("usage", `${where} needs the admin token: set ${TOKEN_VARIABLE}, or give --token`);
  }
  return { url, token };
}

/**
 * The admin token that was given; undefined for none. Throws OperatingError("usage") for one that no header can hold.
 */
export function tokenOf({ token }: SourceOptions, context: CliContext): string | undefined {
  const given = token ?? context.env[TOKEN_VARIABLE] ?? "";
  if (!/^[\x21-\x7e]*$/.test(given)) {
    throw new OperatingError("usage", "the admin token has spaces or characters outside ASCII: is it the right one?");
  }
  return given === "" ? undefined : given;
}

/** The address without its last slash; `where` it was given. Throws OperatingError("usage"). */
export function serverUrl(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (url === undefined || !/^https?:$/.test(url.protocol) || !isPlain) {
    throw new OperatingError(
      "usage",
      `${where}: expected an address such as https://logs.example.com or http://127.0.0.1:7070, got ${JSON.stringify(text)}`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/** A whole number of `least` or more from an option. Throws OperatingError("usage"). */
export function wholeNumber(text: string, option: string, least: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new OperatingError(
    "usage",
    `${option}: expected a whole number of ${least} or more, got ${JSON.stringify(text)}`,
  );
}

/**
 * The bound of a range in Unix ms, as readBound reads it, in this machine's time zone. Throws OperatingError("usage").
 */
export function parseInstant(text: string, option: "--from" | "--to", now: number): number {
  const read = readBound(text, option === "--from" ? "from" : "to", now, new TimeZone(localTimeZone()));
  if (read.ok) return read.value;
  const hint = read.hint === "" ? "" : `: ${read.hint}`;
  throw new OperatingError("usage", `${option}: expected ${INSTANT_EXPECTED}, got ${JSON.stringify(text)}${hint}`);
}

/** Where the server of a configuration listens, as seen from this machine; undefined for any free port. */
export function configuredUrl({ host, port, tls }: Pick<Settings, "host" | "port" | "tls">): string | undefined {
  if (port === 0) return undefined;
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const name = reachable.includes(":") ? `[${reachable}]` : reachable;
  return `${tls === undefined ? "http" : "https"}://${name}:${port}`;
}
