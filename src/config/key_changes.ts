// Changes of key pairs in the configuration file: for `simplelogs keys`, and for the app, through the running server.

import type { CreatedKeys, KeyChange, KeyChangeOutcome, KeyChangeService } from "../core/key_changes.ts";
import { nearestName } from "../core/nearest.ts";
import { addKeyPair, type Edit, editKeyPair, revokeHalf, revokeKey } from "./edit.ts";
import { editConfigFile, writeObstacle } from "./edit_file.ts";
import { generateKey, hashKey } from "./keys.ts";
import { formatProblem } from "./problem.ts";
import type { Settings } from "./settings.ts";
import type { Environment } from "./value_text.ts";

/** Thrown out of an edit, so that the file stays as it was. */
class ChangeRefused extends Error {
  override readonly name = "ChangeRefused";
  readonly code: "not_found" | "already_there";

  constructor(code: ChangeRefused["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Writes the change into the file. Nothing of a new key gets into a message. */
export async function changeKeys(file: string, environment: Environment, change: KeyChange): Promise<KeyChangeOutcome> {
  const created = change.kind === "create" ? newKeys(change.part) : undefined;
  try {
    const edited = await editConfigFile(file, environment, (text, settings) => {
      const edit = editOf(change, created, text, settings, environment);
      if (edit.ok) return edit.text;
      // What is there already succeeds: a script, or a hasty finger, may try again.
      if (edit.reason === "already_revoked") return text;
      throw new ChangeRefused("not_found", unknownName(change.name, settings));
    });
    if (edited.ok) return { ok: true, isChanged: edited.isChanged, created };
    if (edited.code === "invalid") {
      return { ok: false, code: "invalid", message: edited.problems.map(formatProblem).join("\n") };
    }
    return { ok: false, code: edited.code, message: edited.message };
  } catch (error) {
    if (error instanceof ChangeRefused) return { ok: false, code: error.code, message: error.message };
    throw error;
  }
}

function newKeys(part: (KeyChange & { kind: "create" })["part"]): CreatedKeys {
  return {
    server: part === "client" ? undefined : generateKey("server"),
    client: part === "server" ? undefined : generateKey("client"),
  };
}

function editOf(
  change: KeyChange,
  created: CreatedKeys | undefined,
  text: string,
  settings: Settings,
  environment: Environment,
): Edit {
  const { name } = change;
  if (change.kind === "edit") return editKeyPair(text, name, change, environment);
  if (change.kind === "revoke") {
    const { part } = change;
    return part === "both" ? revokeKey(text, name, environment) : revokeHalf(text, name, part, environment);
  }
  if (settings.keys.some((other) => other.name === name)) {
    const message = `there is a pair named ${JSON.stringify(name)} already: names are unique`;
    throw new ChangeRefused("already_there", message);
  }
  const { project, origins, rate, isHashed } = change;
  const plain = (key: string | undefined) => (isHashed ? undefined : key);
  const sha256 = (key: string | undefined) => (isHashed && key !== undefined ? hashKey(key) : undefined);
  return addKeyPair(text, {
    name,
    project,
    server: plain(created?.server),
    serverSha256: sha256(created?.server),
    client: plain(created?.client),
    clientSha256: sha256(created?.client),
    origins,
    rate,
  });
}

function unknownName(name: string, settings: Settings): string {
  const nearest = nearestName(
    name,
    settings.keys.map((pair) => pair.name),
  );
  const hint = nearest === undefined ? "there are none" : `did you mean ${JSON.stringify(nearest)}?`;
  return `there is no pair named ${JSON.stringify(name)}: ${hint}`;
}

interface ServiceOptions {
  readonly file: string;
  readonly environment: Environment;
  /** Loads the file and puts it in force; what kept it from that, for people. */
  readonly reload: () => Promise<readonly string[]>;
}

/** Changes for a running server. */
export function createKeyChanges({ file, environment, reload }: ServiceOptions): KeyChangeService {
  // One at a time: each reads what the one before wrote.
  let queue: Promise<unknown> = Promise.resolve();
  const run = async (change: KeyChange): Promise<KeyChangeOutcome> => {
    const outcome = await changeKeys(file, environment, change);
    if (!outcome.ok) return outcome;
    // Also where nothing changed: the file may be newer than what is in force.
    const problems = await reload();
    if (problems.length === 0) return outcome;
    return { ok: false, code: "not_applied", message: problems.join("\n") };
  };
  return {
    change(change) {
      const done = queue.then(() => run(change));
      queue = done.catch(() => undefined);
      return done;
    },
    obstacle: () => writeObstacle(file),
  };
}
