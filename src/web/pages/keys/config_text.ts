// Text for the configuration file and the terminal that adds or revokes a key pair. The settings of a pair enter. The
// text that leaves can be pasted as it is: every name stays one TOML string, or one word of the shell.

import { parseOriginPattern } from "../../../core/origin.ts";
import { tomlString } from "../../state/toml_text.ts";

/** The form of a new pair. "" and an empty list leave a setting out. */
export interface PairDraft {
  readonly name: string;
  readonly project: string;
  readonly kinds: "both" | "server" | "client";
  readonly origins: readonly string[];
  readonly rate: string;
}

export interface PairKeys {
  readonly server: string;
  readonly client: string;
}

export type DraftProblems = Readonly<Partial<Record<"name" | "project" | "origins" | "rate", string>>>;

const NAME_MIN = 2;
const NAME_MAX = 80;
const ORIGINS_MAX = 50;
const RATE_MAX = 1e9;
const CONTROL = /\p{Cc}/u;
/** 24 bytes are 32 characters of base64url. */
const KEY_BYTES = 24;

/** Problems that the configuration would refuse, by field. {}: none. `names` belong to other pairs. */
export function draftProblems(draft: PairDraft, names: readonly string[]): DraftProblems {
  const { name, project, kinds, origins, rate } = draft;
  const length = Array.from(name).length;
  const wrongOrigin = origins.map(originProblem).find((problem) => problem !== undefined);
  const problems: Record<string, string | undefined> = {
    name:
      length < NAME_MIN || length > NAME_MAX || CONTROL.test(name)
        ? `${NAME_MIN} to ${NAME_MAX} characters without control characters`
        : names.includes(name)
          ? "A pair with this name exists already"
          : undefined,
    project:
      Array.from(project).length > NAME_MAX || CONTROL.test(project) || project === "__proto__"
        ? `1 to ${NAME_MAX} characters without control characters`
        : undefined,
    origins:
      kinds === "server" ? undefined : origins.length > ORIGINS_MAX ? `At most ${ORIGINS_MAX} origins` : wrongOrigin,
    rate: rate === "" || isRate(rate) ? undefined : "A number above 0, up to 1e9",
  };
  return Object.fromEntries(Object.entries(problems).filter(([, problem]) => problem !== undefined));
}

/** The lines to append to the configuration file. */
export function pairToml(draft: PairDraft, keys: PairKeys): string {
  const { name, project, kinds, origins, rate } = draft;
  return [
    "[[keys]]",
    `name = ${tomlString(name)}`,
    ...(project === "" ? [] : [`project = ${tomlString(project)}`]),
    ...(kinds === "client" ? [] : [`server = ${tomlString(keys.server)}`]),
    ...(kinds === "server" ? [] : [`client = ${tomlString(keys.client)}`]),
    ...(kinds === "server" ? [] : [`origins = [${origins.map(tomlString).join(", ")}]`]),
    ...(rate === "" ? [] : [`rate = ${rate}`]),
  ].join("\n");
}

/** The command that creates the pair, with keys of its own. */
export function createCommand({ name, project, kinds, origins, rate }: PairDraft): string {
  return [
    "simplelogs keys create",
    ...(project === "" ? [] : [`--project=${shellWord(project)}`]),
    ...(kinds === "server" ? [] : origins.map((origin) => `--origin=${shellWord(origin)}`)),
    ...(rate === "" ? [] : [`--rate=${rate}`]),
    ...(kinds === "both" ? [] : [`--${kinds}-only`]),
    ...nameWords(name),
  ].join(" ");
}

/** The command that changes a pair's origins and rate. */
export function editCommand({ name, kinds, origins, rate }: Omit<PairDraft, "project">): string {
  const pages = origins.length === 0 ? ["--no-origins"] : origins.map((origin) => `--origin=${shellWord(origin)}`);
  const limit = `--rate=${rate === "" ? "none" : rate}`;
  return ["simplelogs keys edit", ...(kinds === "server" ? [] : pages), limit, ...nameWords(name)].join(" ");
}

/** The command that revokes a pair, or one of its keys. */
export function revokeCommand(name: string, part: PairDraft["kinds"] = "both"): string {
  return ["simplelogs keys revoke", ...(part === "both" ? [] : [`--${part}-only`]), ...nameWords(name)].join(" ");
}

/** The pair's table with the line that revokes it. */
export function revokeToml(name: string): string {
  return `[[keys]]\nname = ${tomlString(name)}\n# …\nrevoked = true`;
}

/** A new key of 191 random bits, of letters, digits and underscores. `fill` fills an array with random bytes. */
export function newKey(prefix: "sk_" | "ck_", fill: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  const text = btoa(String.fromCharCode(...fill(new Uint8Array(KEY_BYTES))));
  return prefix + text.replaceAll(/[+/]/g, "_");
}

/** One word for a POSIX shell. */
function shellWord(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A name as arguments. "--" keeps one that begins with "-" from being an option. */
function nameWords(name: string): readonly string[] {
  return name.startsWith("-") ? ["--", shellWord(name)] : [shellWord(name)];
}

function originProblem(origin: string): string | undefined {
  const parsed = parseOriginPattern(origin);
  return parsed.ok ? undefined : `${origin}: ${parsed.problem}`;
}

function isRate(text: string): boolean {
  return /^\d+(?:\.\d+)?$/.test(text) && Number(text) > 0 && Number(text) <= RATE_MAX;
}
