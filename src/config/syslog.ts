// The [[syslog]] tables: from values to settings, and the checks that compare them with keys, certificates and one
// another.

import { dirname, resolve } from "node:path";
import { nearestName } from "../core/nearest.ts";
import { parseSyslogAddress, type SyslogAddress } from "../core/syslog_address.ts";
import type { LineProblem, Path, TomlDocument, TomlTable, TomlValue } from "./document.ts";
import type { FileValues } from "./schema.ts";
import type { SyslogSettings } from "./settings.ts";
import type { TlsPaths } from "./tls_files.ts";

/** The settings; paths become absolute. */
export function syslogSettings({ syslog, tls }: FileValues, file: string): SyslogSettings[] {
  return syslog.map((table) => {
    const address = parseSyslogAddress(table.listen) as SyslogAddress;
    const own =
      table.tls_cert === undefined || table.tls_key === undefined ? tls : { cert: table.tls_cert, key: table.tls_key };
    return {
      address,
      key: table.key,
      timeZone: table.time_zone,
      tls: address.transport === "tls" && own !== undefined ? tlsPaths(own, file) : undefined,
    };
  });
}

function tlsPaths({ cert, key }: TlsPaths, file: string): TlsPaths {
  return { cert: resolve(dirname(file), cert), key: resolve(dirname(file), key) };
}

/** Each table's own certificate with its index in the file; paths become absolute. */
export function syslogTlsPaths(completed: TomlTable, file: string): [index: number, paths: TlsPaths][] {
  return tablesOf(completed).flatMap(([index, { tls_cert: cert, tls_key: key }]): [number, TlsPaths][] =>
    typeof cert === "string" && typeof key === "string" ? [[index, tlsPaths({ cert, key }, file)]] : [],
  );
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}

function tablesOf(completed: TomlTable): [index: number, table: TomlTable][] {
  const tables = completed["syslog"];
  if (!Array.isArray(tables)) return [];
  return tables.flatMap((table, index): [number, TomlTable][] => (isTable(table) ? [[index, table]] : []));
}

/** Keys that there are not, certificates that are missing, and addresses that are taken. */
export function checkSyslog(
  document: TomlDocument,
  completed: TomlTable,
): { readonly problems: LineProblem[]; readonly warnings: LineProblem[] } {
  const problems: LineProblem[] = [];
  const warnings: LineProblem[] = [];
  const taken = new Map<string, string>();
  const { host, port } = completed;
  if (typeof host === "string" && typeof port === "number" && port !== 0)
    taken.set(`tcp ${host} ${port}`, "the HTTP server");
  for (const [index, table] of tablesOf(completed)) {
    const path: Path = ["syslog", index];
    const listenLine = document.line([...path, "listen"]);
    const listen = table["listen"];
    const address = typeof listen === "string" ? parseSyslogAddress(listen) : undefined;
    if (address !== undefined) {
      const shown = `syslog.listen = ${JSON.stringify(listen)}`;
      const place = `${address.transport === "udp" ? "udp" : "tcp"} ${address.host} ${address.port}`;
      const other = address.port === 0 ? undefined : taken.get(place);
      if (other !== undefined)
        problems.push({ line: listenLine, message: `${shown}: ${other} listens there too; choose another port` });
      else taken.set(place, `the listener in line ${listenLine}`);
      const tls = tlsProblem(document, path, address);
      if (tls !== undefined) problems.push({ line: listenLine, message: `${shown}: ${tls}`, isMissing: true });
    }
    const files = ["tls_cert", "tls_key"].filter((name) => document.mark([...path, name]) !== undefined);
    if (files.length === 1) {
      const message = `syslog.${files[0]}: expected both tls_cert and tls_key`;
      problems.push({ line: document.line([...path, files[0] as string]), message, isMissing: true });
    } else if (files.length === 2 && address !== undefined && address.transport !== "tls") {
      const message = `syslog.tls_cert has no effect: ${JSON.stringify(listen)} is not encrypted`;
      warnings.push({ line: document.line([...path, "tls_cert"]), message });
    }
    checkKey(document, completed, index, table["key"], problems, warnings);
  }
  return { problems, warnings };
}

function tlsProblem(document: TomlDocument, path: Path, { transport }: SyslogAddress): string | undefined {
  const has = (...names: (string | number)[]) => document.mark(names) !== undefined;
  if (transport !== "tls" || has(...path, "tls_cert") || has(...path, "tls_key")) return undefined;
  if (has("tls", "cert") || has("tls", "key")) return undefined;
  return "expected tls_cert and tls_key in this table, or a [tls] table";
}

function checkKey(
  document: TomlDocument,
  completed: TomlTable,
  index: number,
  name: TomlValue | undefined,
  problems: LineProblem[],
  warnings: LineProblem[],
): void {
  if (typeof name !== "string") return;
  const line = document.line(["syslog", index, "key"]);
  const shown = `syslog.key = ${JSON.stringify(name)}`;
  const pairs = Array.isArray(completed["keys"]) ? completed["keys"] : [];
  const names = pairs.map((pair) => (isTable(pair) ? pair["name"] : undefined));
  const at = names.indexOf(name);
  if (at === -1) {
    const known = names.filter((known) => typeof known === "string");
    const nearest = nearestName(name, known);
    const hint =
      nearest === undefined
        ? "`simplelogs keys create NAME` makes one"
        : `did you mean ${JSON.stringify(nearest)}? (there are: ${known.join(", ")})`;
    const message = `${shown}: no [[keys]] pair has this name; ${hint}`;
    problems.push({ line, message, isMissing: true });
    return;
  }
  const hasServerKey = ["server", "server_sha256"].some((half) => document.mark(["keys", at, half]) !== undefined);
  if (!hasServerKey) {
    const message = `${shown}: this pair has no server key: expected one with server or server_sha256`;
    problems.push({ line, message, isMissing: true });
  }
  const pair = pairs[at];
  if (isTable(pair) && pair["revoked"] === true)
    warnings.push({ line, message: `${shown}: this pair is revoked: every message is refused` });
}
