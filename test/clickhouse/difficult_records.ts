// Records and searches that are difficult to compare: letters whose other case is not one of ASCII, JSON's own characters
// in texts and names, numbers that are spelled in several ways, objects and arrays in one another.

import type { JsonObject } from "../../src/core/json.ts";
import { KINDS, LEVELS, type StoredRecord } from "../../src/core/record.ts";
import { MessagePattern } from "../../src/query/match/message_pattern.ts";
import { metadataFieldName, quote } from "../../src/search/fields.ts";
import { integer, pick, type Random } from "../support/random.ts";

export const PROJECT = "shop";
export const TIME = Date.UTC(2026, 5, 1);
/** Letters whose other case is not one of ASCII, JSON's own characters, and characters of several units. */
const PARTS = [
  ...Array.from("aAkKsSzZ019 .-_/:%'`\"\\[]{},\n\t\0"),
  ...Array.from("\u212a\u017fΣςσİıßẞÄäǅǆῼῳﬅﬆ\ue000\uffff日本😀𐐀𐐨ꭰᎠᲀв"),
  ..."order Order ORDER timeout null true false 12.5 1e21 -3 user.name <num>".split(" "),
];
const NAMES = ["a", "b", "a.b", "a.b.c", "b.c", "c", "", "Ä", "__proto__", "k[0]", "x y", '"q"'];

function text(random: Random, most = 6): string {
  return Array.from({ length: integer(random, most) }, () => pick(random, PARTS)).join("");
}

const LISTS: readonly (readonly unknown[])[] = [[], [1], ["\u0001"], ["\uffff", "😀"]];

function scalar(random: Random): unknown {
  return pick(random, [
    () => text(random),
    () => integer(random, 20),
    () => Math.round((random() - 0.5) * 1e6) / 1000,
    () => 10 ** (random() * 40 - 20),
    () => pick(random, [1e20, 123456789012345680000, -1e25, 0.1, 12.5, 1e21, 9007199254740992]),
    () => random() < 0.5,
    () => null,
    // Texts that are shown as the lists below are.
    () => JSON.stringify(pick(random, LISTS)),
  ])();
}

function value(random: Random, depth: number): unknown {
  const kind = random();
  if (depth === 0 || kind < 0.6) return scalar(random);
  if (kind < 0.65) return pick(random, LISTS);
  if (kind < 0.75) return Array.from({ length: integer(random, 3) }, () => value(random, depth - 1));
  return object(random, depth - 1);
}

function object(random: Random, depth: number): JsonObject {
  const members = Array.from(
    { length: integer(random, 3) },
    () => [pick(random, NAMES), value(random, depth)] as const,
  );
  return Object.fromEntries<JsonObject[string]>(members);
}

/** A record of texts that are difficult to compare. */
export function difficultRecord(random: Random, id: number): StoredRecord {
  const kind = pick(random, KINDS);
  const isTiming = kind !== "log";
  const time = TIME + pick(random, [integer(random, 1_000), random() * 1_000]);
  const duration = kind === "completed" ? pick(random, [0, integer(random, 500), random() * 1_000]) : undefined;
  const maybe = <T>(one: T): T | undefined => (random() < 0.6 ? one : undefined);
  return {
    id,
    kind,
    time,
    receivedAt: time + integer(random, 100),
    source: pick(random, ["server", "client"] as const),
    keyType: pick(random, [undefined, "server", "client"] as const),
    apiKey: pick(random, ["web shop", "Ärger", text(random) || "x"]),
    touchpoint: maybe(text(random)) || undefined,
    key: maybe(text(random)) || undefined,
    level: isTiming ? maybe(pick(random, LEVELS)) : pick(random, LEVELS),
    message: maybe(text(random, 10)),
    startTime: isTiming ? maybe(time) : undefined,
    endTime: isTiming ? maybe(time + (duration ?? 0)) : undefined,
    duration,
    metadata: maybe(object(random, 3)),
  };
}

/** A part of a text, maybe in another case. */
function partOf(random: Random, whole: string): string {
  const units = Array.from(whole);
  const from = integer(random, units.length);
  const part = units.slice(from, from + 1 + integer(random, 3)).join("");
  return pick(random, [part, part.toUpperCase(), part.toLowerCase()]);
}

function range(random: Random, one: number): string {
  const other = one + integer(random, 50);
  return pick(random, [
    `${one}`,
    `>${one}`,
    `>=${one}`,
    `<${one}`,
    `<=${one}`,
    `${one}..${other}`,
    `${one}..`,
    `..${one}`,
    "*",
  ]);
}

function pathsIn(object: JsonObject, prefix = ""): [string, unknown][] {
  return Object.entries(object).flatMap(([name, one]) => {
    const path = prefix + name;
    if (one === null || typeof one !== "object") return [[path, one]];
    const inside = Array.isArray(one)
      ? one.flatMap((element): [string, unknown][] => {
          return element !== null && typeof element === "object" && !Array.isArray(element)
            ? pathsIn(element as JsonObject, `${path}.`)
            : [[path, element]];
        })
      : pathsIn(one as JsonObject, `${path}.`);
    return [...inside, [path, one]];
  });
}

function term(random: Random, records: readonly StoredRecord[]): string {
  const record = pick(random, records);
  const texts = [record.message, record.touchpoint, record.key, ...Object.values(record.metadata ?? {})].map((one) =>
    typeof one === "string" ? one : JSON.stringify(one ?? ""),
  );
  const star = () => (random() < 0.3 ? "*" : "");
  const quoted = (whole: string) => quote(whole.toWellFormed());
  const exactly = (name: string, whole: string | undefined) =>
    `${name}:${quoted(pick(random, [whole ?? "", partOf(random, whole ?? "x")]))}${star()}`;
  return pick(random, [
    () => quoted(partOf(random, pick(random, texts)) || "x"),
    () => quoted(partOf(random, pick(random, texts)) || "12"),
    () => `message:${quoted(partOf(random, record.message ?? "a") || "a")}`,
    () => "message:*",
    () => `level:${pick(random, ["error", "warn,error", "debug,info", "*"])}`,
    () => `source:${pick(random, ["client", "server"])}`,
    () => `keyType:${pick(random, ["client", "server", "*"])}`,
    () => `kind:${pick(random, ["log", "timing", "*"])}`,
    () => `status:${pick(random, ["completed", "started,unfinished", "orphaned", "*"])}`,
    () => exactly("touchpoint", record.touchpoint),
    () => exactly("key", record.key),
    () => exactly("apiKey", record.apiKey),
    () => `${exactly("key", record.key)},${quoted(pick(random, records).key ?? "q")}`,
    () => `touchpoint:${pick(random, ["*", '""'])}`,
    () => `project:${pick(random, [PROJECT, "sh*", "blog", "blog,shop"])}`,
    () => `pattern:${quoted(new MessagePattern().patternOf(record.message ?? "a"))}${star()}`,
    () => `id:${range(random, record.id)}`,
    () => `time:${range(random, record.time)}`,
    () => `receivedAt:${range(random, record.receivedAt)}`,
    () => `startTime:${range(random, record.startTime ?? TIME)}`,
    () => `endTime:${range(random, record.endTime ?? TIME)}`,
    () => `duration:${range(random, record.duration ?? 100)}`,
    ...Array.from({ length: 6 }, () => () => metadataTerm(random, record)),
  ])();
}

function metadataTerm(random: Random, { metadata = { a: 1 } }: StoredRecord): string {
  const [path, found] = pick(random, [...pathsIn(metadata), [pick(random, NAMES), scalar(random)] as const]);
  const field = metadataFieldName(path);
  const shown = typeof found === "string" ? found : JSON.stringify(found);
  if (typeof found === "number" && random() < 0.6 && Math.abs(found) < 1e15) return `${field}:${range(random, found)}`;
  return pick(random, [
    () => `${field}:*`,
    () => `${field}:${quote(shown)}`,
    () => `${field}:${quote(partOf(random, shown))}*`,
    () => `${field}:${quote(shown)},${quote(text(random))}`,
    () => `${field}:${quote(`${shown}0`)},"0${shown}","+${shown.replaceAll(/["\\]/g, "")}"`,
  ])();
}

/** A search that may match some of the records. */
export function difficultSearch(random: Random, records: readonly StoredRecord[], depth = 2): string {
  if (depth === 0 || random() < 0.4) return `${random() < 0.25 ? "-" : ""}${term(random, records)}`;
  const members = Array.from({ length: 2 + integer(random, 1) }, () => difficultSearch(random, records, depth - 1));
  return `${random() < 0.2 ? "-" : ""}(${members.join(random() < 0.5 ? " OR " : " ")})`;
}
