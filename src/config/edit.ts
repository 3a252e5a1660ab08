// Changes of a configuration's text: pairs of keys are added, revoked and edited, readers added and removed. Everything
// else stays byte for byte. All functions expect a text that loads.

import { parseOriginPattern } from "../core/origin.ts";
import {
  type Assignment,
  assignmentOf,
  readSource,
  type Source,
  type TableNode,
  tableNamed,
  textOf,
  withElement,
  withoutAssignment,
  withoutElement,
  withoutTable,
  withTable,
  withValue,
} from "./toml_edit.ts";
import { type Environment, tomlString } from "./value_text.ts";

/** The new text, or why there is none. */
export type Edit =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: "syntax" | "unknown_name" | "already_revoked" };

/** A key of a pair. */
export type PairHalf = "server" | "client";

const KEYS = "keys";
const READERS = "readers";

/** Adds the pair after the last one, or at the end of the file. */
export function addKeyPair(text: string, pair: NewKeyPair): Edit {
  return addTable(text, KEYS, pairAssignments(pair));
}

/** Sets revoked = true in the pair of this name. Names may hold variables of the environment. */
export function revokeKey(text: string, name: string, environment: Environment): Edit {
  return inTable(text, KEYS, name, environment, (source, node) => {
    const revoked = assignmentOf(node, "revoked")?.value;
    if (revoked?.type === "TOMLValue" && revoked.kind === "boolean" && revoked.value) {
      return { ok: false, reason: "already_revoked" };
    }
    return { ok: true, text: withValue(source, node, ["revoked", "true"]) };
  });
}

/**
 * Removes the line of one key of a pair; the whole pair is revoked where it has no other. "already_revoked" where it has
 * no such key.
 */
export function revokeHalf(text: string, name: string, half: PairHalf, environment: Environment): Edit {
  return inTable(text, KEYS, name, environment, (source, node) => {
    const [own, other] = [half, half === "server" ? "client" : "server"].map(
      (one) => assignmentOf(node, one) ?? assignmentOf(node, `${one}_sha256`),
    );
    if (own === undefined) return { ok: false, reason: "already_revoked" };
    if (other === undefined) return revokeKey(text, name, environment);
    return { ok: true, text: withoutAssignment(source, node, own) };
  });
}

/** Sets what is given: `origins` as parseOriginPattern normalises them, `rate` with null for no limit. */
export function editKeyPair(
  text: string,
  name: string,
  { origins, rate }: { readonly origins?: readonly string[] | undefined; readonly rate?: number | null | undefined },
  environment: Environment,
): Edit {
  let edit: Edit = { ok: true, text };
  if (origins !== undefined) edit = setOrigins(text, name, origins, environment);
  if (!edit.ok || rate === undefined) return edit;
  return inTable(edit.text, KEYS, name, environment, (source, node) => {
    const found = assignmentOf(node, "rate");
    if (rate !== null) return { ok: true, text: withValue(source, node, ["rate", String(rate)]) };
    return { ok: true, text: found === undefined ? edit.text : withoutAssignment(source, node, found) };
  });
}

/** Adds and removes single origins: those that stay keep their place, their variables and their comments. */
function setOrigins(text: string, name: string, wanted: readonly string[], environment: Environment): Edit {
  return inTable(text, KEYS, name, environment, (source, node) => {
    const array = assignmentOf(node, "origins")?.value;
    if (array?.type !== "TOMLArray") {
      const list = `[${wanted.map(tomlString).join(", ")}]`;
      return { ok: true, text: withValue(source, node, ["origins", list]) };
    }
    const present = array.elements.map((element) => originOf(textOf(element, environment)));
    const surplus = array.elements.find((_, at) => {
      const origin = present[at];
      return origin === undefined || !wanted.includes(origin) || present.indexOf(origin) < at;
    });
    // One change of the text at a time: the ranges of the others are wrong after it.
    if (surplus !== undefined) return setOrigins(withoutElement(source, array, surplus), name, wanted, environment);
    const missing = wanted.find((origin) => !present.includes(origin));
    if (missing === undefined) return { ok: true, text };
    return setOrigins(withElement(source, array, tomlString(missing)), name, wanted, environment);
  });
}

function originOf(text: string | undefined): string | undefined {
  const parsed = text === undefined ? undefined : parseOriginPattern(text);
  return parsed?.ok === true ? parsed.pattern : undefined;
}

/** Someone who may read. The token has one form. */
export interface NewReader {
  readonly name: string;
  readonly token: string | undefined;
  readonly tokenSha256: string | undefined;
  /** Undefined: all. */
  readonly projects: readonly string[] | undefined;
}

/** Adds the reader after the last one, or at the end of the file. */
export function addReader(text: string, { name, token, tokenSha256, projects }: NewReader): Edit {
  const assignments: Assignment[] = [["name", tomlString(name)]];
  if (token !== undefined) assignments.push(["token", tomlString(token)]);
  if (tokenSha256 !== undefined) assignments.push(["token_sha256", tomlString(tokenSha256)]);
  if (projects !== undefined) assignments.push(["projects", `[${projects.map(tomlString).join(", ")}]`]);
  return addTable(text, READERS, assignments);
}

/** Removes the reader's table. */
export function removeReader(text: string, name: string, environment: Environment): Edit {
  return inTable(text, READERS, name, environment, (source, node) => ({
    ok: true,
    text: withoutTable(source, node, READERS),
  }));
}

function addTable(text: string, array: string, assignments: readonly Assignment[]): Edit {
  const source = readSource(text);
  return source === undefined
    ? { ok: false, reason: "syntax" }
    : { ok: true, text: withTable(source, array, assignments) };
}

function inTable(
  text: string,
  array: string,
  name: string,
  environment: Environment,
  edit: (source: Source, node: TableNode) => Edit,
): Edit {
  const source = readSource(text);
  if (source === undefined) return { ok: false, reason: "syntax" };
  const node = tableNamed(source, array, name, environment);
  return node === undefined ? { ok: false, reason: "unknown_name" } : edit(source, node);
}

/** A pair to write into the file. Each half has one form, or none. */
export interface NewKeyPair {
  readonly name: string;
  readonly project: string | undefined;
  readonly server: string | undefined;
  readonly serverSha256: string | undefined;
  readonly client: string | undefined;
  readonly clientSha256: string | undefined;
  readonly origins: readonly string[];
  readonly rate: number | undefined;
}

/** The settings that the pair has. */
function pairAssignments(pair: NewKeyPair): Assignment[] {
  const assignments: Assignment[] = [["name", tomlString(pair.name)]];
  if (pair.project !== undefined) assignments.push(["project", tomlString(pair.project)]);
  if (pair.server !== undefined) assignments.push(["server", tomlString(pair.server)]);
  if (pair.serverSha256 !== undefined) assignments.push(["server_sha256", tomlString(pair.serverSha256)]);
  if (pair.client !== undefined) assignments.push(["client", tomlString(pair.client)]);
  if (pair.clientSha256 !== undefined) assignments.push(["client_sha256", tomlString(pair.clientSha256)]);
  if (pair.client !== undefined || pair.clientSha256 !== undefined || pair.origins.length > 0) {
    assignments.push(["origins", `[${pair.origins.map(tomlString).join(", ")}]`]);
  }
  if (pair.rate !== undefined) assignments.push(["rate", String(pair.rate)]);
  return assignments;
}
