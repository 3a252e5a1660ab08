// The [[readers]] tables: from values to settings, and the checks that compare them with keys, the admin token and one
// another.

import { assert } from "../core/errors.ts";
import { nearestName } from "../core/nearest.ts";
import { decode } from "./check.ts";
import type { LineProblem, TomlDocument, TomlTable, TomlValue } from "./document.ts";
import { FileSchema, type FileValues, PairSchema, ReaderSchema } from "./schema.ts";
import type { ReaderSettings } from "./settings.ts";

/** What the app calls whoever has the admin token. */
const ADMIN_NAME = "admin";
const TOKENS = { token: ReaderSchema.properties.token, token_sha256: ReaderSchema.properties.token_sha256 } as const;
const TOKEN_NAMES = ["token", "token_sha256"] as const;
const KEY_NAMES = ["server", "server_sha256", "client", "client_sha256"] as const;
const ADMIN_NAMES = ["admin_token", "admin_token_sha256"] as const;

/** The settings of a file without problems. */
export function readerSettings({ readers }: FileValues): ReaderSettings[] {
  return readers.map(({ name, token, token_sha256, projects }) => {
    const digest = token ?? token_sha256;
    assert(digest !== undefined, "a reader without a token is a problem, and was found");
    return { name, tokenSha256: digest.sha256, projects: projects === undefined ? undefined : [...new Set(projects)] };
  });
}

/** Names and tokens that are taken, tokens that are missing, and projects that nothing is sent to. */
export function checkReaders(
  document: TomlDocument,
  completed: TomlTable,
): { readonly problems: LineProblem[]; readonly warnings: LineProblem[] } {
  const problems: LineProblem[] = [];
  const warnings: LineProblem[] = [];
  const names = new Map<string, number>();
  const digests = otherDigests(document, completed);
  const known = knownProjects(completed);
  for (const [index, reader] of tablesOf(completed, "readers")) {
    const path = ["readers", index] as const;
    const { name, projects } = reader;
    const shown = typeof name === "string" ? ` ${JSON.stringify(name)}` : "";
    if (typeof name === "string") {
      const line = document.line([...path, "name"]);
      const earlier = names.get(name);
      if (earlier !== undefined) {
        const message = `readers.name =${shown}: the reader in line ${earlier} has this name too; names are unique`;
        problems.push({ line, message });
      } else names.set(name, line);
      if (name === ADMIN_NAME) {
        problems.push({ line, message: `readers.name =${shown}: expected another name; this is the admin token's` });
      }
    }
    const written = TOKEN_NAMES.filter((one) => document.mark([...path, one]) !== undefined);
    if (written.length === 2) {
      const message = "readers: token and token_sha256 are both given: expected one of them";
      problems.push({ line: document.line([...path, "token_sha256"]), message });
    }
    if (written.length === 0) {
      const message = `readers: the reader${shown} has no token: expected token or token_sha256`;
      problems.push({ line: document.line([...path]), message, isMissing: true });
    }
    for (const one of TOKEN_NAMES) {
      const decoded = reader[one] === undefined ? undefined : decode(TOKENS[one], reader[one]);
      if (decoded?.ok !== true || decoded.value === undefined) continue;
      const line = document.line([...path, one]);
      const earlier = digests.get(decoded.value.sha256);
      if (earlier === undefined) digests.set(decoded.value.sha256, line);
      else problems.push({ line, message: `readers.${one}: the same as in line ${earlier}; expected one of its own` });
    }
    for (const project of Array.isArray(projects) ? projects : []) {
      if (typeof project !== "string" || known.has(project)) continue;
      const nearest = nearestName(project, [...known]);
      const hint = nearest === undefined ? "" : `; did you mean ${JSON.stringify(nearest)}?`;
      const message = `readers.projects of${shown}: no key belongs to ${JSON.stringify(project)}${hint}`;
      warnings.push({ line: document.line([...path, "projects"]), message });
    }
  }
  return { problems, warnings };
}

/** The lines of keys and the admin token, by their SHA-256. */
function otherDigests(document: TomlDocument, completed: TomlTable): Map<string, number> {
  const digests = new Map<string, number>();
  for (const name of ADMIN_NAMES) {
    const decoded = completed[name] === undefined ? undefined : decode(FileSchema.properties[name], completed[name]);
    if (decoded?.ok === true && decoded.value !== undefined) digests.set(decoded.value.sha256, document.line([name]));
  }
  for (const [index, pair] of tablesOf(completed, "keys")) {
    for (const name of KEY_NAMES) {
      const decoded = pair[name] === undefined ? undefined : decode(PairSchema.properties[name], pair[name]);
      if (decoded?.ok !== true || decoded.value === undefined) continue;
      digests.set(decoded.value.sha256, document.line(["keys", index, name]));
    }
  }
  return digests;
}

function knownProjects(completed: TomlTable): ReadonlySet<string> {
  const { projects } = completed;
  const tables = isTable(projects) ? Object.keys(projects) : [];
  const used = tablesOf(completed, "keys").map(([, pair]) => pair["project"]);
  return new Set([...tables, ...used.filter((project) => typeof project === "string")]);
}

function tablesOf(completed: TomlTable, name: "keys" | "readers"): [index: number, table: TomlTable][] {
  const tables = completed[name];
  if (!Array.isArray(tables)) return [];
  return tables.flatMap((table, index): [number, TomlTable][] => (isTable(table) ? [[index, table]] : []));
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}
