// Checks that compare settings: duplicate names and keys, two forms of one secret, keys that can never work. They use
// the values that passed the schema, so their problems appear together with those of single settings.

import { nearestName } from "../core/nearest.ts";
import { decode } from "./check.ts";
import type { LineProblem, Path, TomlDocument, TomlTable, TomlValue } from "./document.ts";
import { FileSchema, PairSchema } from "./schema.ts";
import { parseSize } from "./value_text.ts";

/** Problems and warnings about the relations between settings. */
interface Relations {
  readonly problems: readonly LineProblem[];
  readonly warnings: readonly LineProblem[];
}

const DIGESTS = {
  server: PairSchema.properties.server,
  server_sha256: PairSchema.properties.server_sha256,
  client: PairSchema.properties.client,
  client_sha256: PairSchema.properties.client_sha256,
} as const;
const DIGEST_NAMES = ["server", "server_sha256", "client", "client_sha256"] as const;
/** Up to this distance, a project without keys is more likely a typing error than a second project. */
const TYPO_DISTANCE_MAX = 2;

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}

/** The pairs, each with its index in the file. */
function pairsOf(completed: TomlTable): [index: number, pair: TomlTable][] {
  const pairs = completed["keys"];
  if (!Array.isArray(pairs)) return [];
  return pairs.flatMap((pair, index): [number, TomlTable][] => (isTable(pair) ? [[index, pair]] : []));
}

/** The line of each value's first occurrence, to find duplicates. */
class FirstLines {
  readonly #lines = new Map<string, number>();

  /** Line of the first occurrence, or undefined if this is the first. */
  add(value: string, line: number): number | undefined {
    const earlier = this.#lines.get(value);
    if (earlier === undefined) this.#lines.set(value, line);
    return earlier;
  }
}

/** Compares settings with one another; `completed` comes from checkDocument. */
export function checkRelations(document: TomlDocument, completed: TomlTable): Relations {
  const problems: LineProblem[] = [];
  const warnings: LineProblem[] = [];
  const names = new FirstLines();
  const digests = new FirstLines();
  const isWritten = (path: Path) => document.mark(path) !== undefined;
  const pairs = pairsOf(completed);

  for (const [index, pair] of pairs) {
    const path = ["keys", index];
    const line = document.line(path);
    const name = pair["name"];
    const shown = typeof name === "string" ? ` ${JSON.stringify(name)}` : "";
    if (typeof name === "string") {
      const nameLine = document.line([...path, "name"]);
      const earlier = names.add(name, nameLine);
      if (earlier !== undefined) {
        problems.push({
          line: nameLine,
          message: `keys.name =${shown}: the pair in line ${earlier} has this name too; names are unique`,
        });
      }
    }
    for (const type of ["server", "client"] as const) {
      if (!isWritten([...path, type]) || !isWritten([...path, `${type}_sha256`])) continue;
      const message = `keys: ${type} and ${type}_sha256 are both given: expected one of them`;
      problems.push({ line: document.line([...path, `${type}_sha256`]), message });
    }
    for (const half of DIGEST_NAMES) {
      const decoded = pair[half] === undefined ? undefined : decode(DIGESTS[half], pair[half]);
      if (decoded?.ok !== true || decoded.value === undefined) continue;
      const halfLine = document.line([...path, half]);
      const earlier = digests.add(decoded.value.sha256, halfLine);
      if (earlier !== undefined) {
        problems.push({
          line: halfLine,
          message: `keys.${half}: the same key as in line ${earlier}; a key belongs to one pair`,
        });
      }
    }
    if (!DIGEST_NAMES.some((half) => isWritten([...path, half]))) {
      const message = `keys: the pair${shown} has no key: expected server, client or both (or their _sha256)`;
      problems.push({ line, message, isMissing: true });
    }
    warnings.push(...originWarnings(document, pair, index, shown));
  }

  for (const name of ["admin_token", "admin_token_sha256"] as const) {
    const decoded = completed[name] === undefined ? undefined : decode(FileSchema.properties[name], completed[name]);
    if (decoded?.ok !== true || decoded.value === undefined) continue;
    const line = document.line([name]);
    const earlier = digests.add(decoded.value.sha256, line);
    if (earlier !== undefined) {
      problems.push({
        line,
        message: `${name}: the same as the key in line ${earlier}; whoever may send could then read`,
      });
    }
  }
  if (isWritten(["admin_token"]) && isWritten(["admin_token_sha256"])) {
    const message = "admin_token and admin_token_sha256 are both given: expected one of them";
    problems.push({ line: document.line(["admin_token_sha256"]), message });
  }
  if (pairs.length === 0 && !isWritten(["keys", 0])) {
    warnings.push({
      line: document.line(["keys"]),
      message: "there are no [[keys]]: every request is refused; make a pair with `simplelogs keys create NAME`",
    });
  }
  warnings.push(
    ...projectWarnings(
      document,
      completed,
      pairs.map(([, pair]) => pair),
    ),
    ...queueWarnings(document, completed),
  );
  return { problems, warnings };
}

/** Client keys that no page can use, and origins that no key uses. */
function originWarnings(document: TomlDocument, pair: TomlTable, index: number, shown: string): LineProblem[] {
  const isWritten = (name: string) => document.mark(["keys", index, name]) !== undefined;
  const hasClient = isWritten("client") || isWritten("client_sha256");
  const hasOrigins = isWritten("origins") && Array.isArray(pair["origins"]) && pair["origins"].length > 0;
  const line = document.line(["keys", index, "origins"]);
  if (!hasClient) {
    const message = `keys.origins of${shown} has no effect: the pair has no client key`;
    return hasOrigins ? [{ line, message }] : [];
  }
  if (hasOrigins || pair["revoked"] === true) return [];
  return [{ line, message: `keys: the client key of${shown} has no origins: it is always rejected` }];
}

/** The project that a table most likely means: one with nearly the same name and no table of its own. */
export function mistypedFor(name: string, used: ReadonlySet<string>, tables: readonly string[]): string | undefined {
  if (used.has(name)) return undefined;
  return nearestName(
    name,
    [...used].filter((project) => !tables.includes(project)),
    TYPO_DISTANCE_MAX,
  );
}

/** A [projects] table that no pair uses, while a pair's project has nearly the same name and no table. */
function projectWarnings(document: TomlDocument, completed: TomlTable, pairs: readonly TomlTable[]): LineProblem[] {
  const tables = isTable(completed["projects"]) ? Object.keys(completed["projects"]) : [];
  const used = new Set(pairs.map((pair) => pair["project"]).filter((project) => typeof project === "string"));
  return tables.flatMap((project) => {
    const nearest = mistypedFor(project, used, tables);
    if (nearest === undefined) return [];
    const message = `projects: no key belongs to ${JSON.stringify(project)}; did you mean ${JSON.stringify(nearest)}?`;
    return [{ line: document.line(["projects", project]), message }];
  });
}

/** Bodies that max_body allows and the queue cannot hold, and settings of version 0.1 without effect. */
function queueWarnings(document: TomlDocument, completed: TomlTable): LineProblem[] {
  const queue = completed["queue"];
  if (!isTable(queue)) return [];
  const bytes = (value: TomlValue | undefined) =>
    typeof value === "number" ? value : typeof value === "string" ? parseSize(value) : undefined;
  const warnings: LineProblem[] = [];
  const [bodyMax, queueBytes] = [bytes(completed["max_body"]), bytes(queue["bytes"])];
  if (bodyMax !== undefined && queueBytes !== undefined && bodyMax > queueBytes) {
    const line = Math.max(document.line(["max_body"]), document.line(["queue", "bytes"]));
    warnings.push({ line, message: "max_body is more than queue.bytes: batches between the two are refused (413)" });
  }
  if (document.mark(["dedupe", "entries"]) !== undefined) {
    const message =
      "dedupe.entries has no effect any more: repeated requests are recognised as a whole; dedupe.requests bounds them";
    warnings.push({ line: document.line(["dedupe", "entries"]), message });
  }
  if (document.mark(["queue", "entries"]) !== undefined) {
    const message = "queue.entries has no effect any more: queue.bytes and queue.requests bound the queue";
    warnings.push({ line: document.line(["queue", "entries"]), message });
  }
  return warnings;
}
