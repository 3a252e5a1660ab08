// Checks a document by the schema: unknown names, missing names, wrong values, variables of the environment. It returns
// every problem, and a tree of the right values with the defaults filled in, for the checks that compare settings.
//
// TypeBox checks and decodes the single values. Its own walk over tables and lists is not used: a problem names the
// value as it is written, a variable's content stays hidden, and a wrong value does not hide the other problems of its
// table.

import { OptionalKind, type StaticDecode, type TObject, type TSchema, TypeGuard } from "@sinclair/typebox";
import { TransformDecodeError, Value } from "@sinclair/typebox/value";
import { nearestName } from "../core/nearest.ts";
import { maskKey } from "../core/secrets.ts";
import type { LineProblem, Path, TomlDocument, TomlTable, TomlValue } from "./document.ts";
import { FileSchema, PairSchema } from "./schema.ts";
import { SettingRefused } from "./value_schemas.ts";
import { type Environment, expandEnvironment } from "./value_text.ts";

/** The problems, and the values that passed. */
interface Checked {
  /** Right values with their variables expanded. Wrong values are left out, absent ones have their defaults. */
  readonly completed: TomlTable;
  readonly problems: readonly LineProblem[];
  /** Line of the first key or token that is in the file in plain text. */
  readonly plainSecretLine: number | undefined;
  /** How many values were left out because their variable is not set and not needed. */
  readonly omitted: number;
}

/** A value that passes its schema, decoded; or why it does not. */
type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

const WRITTEN_CHARACTERS_MAX = 80;

/** Reads an option of a schema that is a text. */
function option(schema: TSchema, name: "expects" | "nameExpects"): string {
  const value: unknown = schema[name];
  return typeof value === "string" ? value : "another value";
}

/** Decodes a value by its schema. */
export function decode<T extends TSchema>(schema: T, value: unknown): Decoded<StaticDecode<T>> {
  if (!Value.Check(schema, value)) return { ok: false, problem: `expected ${option(schema, "expects")}` };
  try {
    return { ok: true, value: Value.Decode(schema, value) };
  } catch (error) {
    if (error instanceof TransformDecodeError && error.error instanceof SettingRefused) {
      return { ok: false, problem: error.error.message };
    }
    throw error;
  }
}

/** Why a pair cannot have this name; undefined when it can. */
export function pairNameProblem(name: string): string | undefined {
  const decoded = decode(PairSchema.properties.name, name);
  return decoded.ok ? undefined : decoded.problem;
}

/** Why a project cannot have this name; undefined when it can. */
export function projectNameProblem(name: string): string | undefined {
  const decoded = decode(PairSchema.properties.project, name);
  return decoded.ok ? undefined : decoded.problem;
}

/** The table that knows a name, for names in the wrong table. */
function tableThatKnows(name: string): string | undefined {
  if (Object.hasOwn(FileSchema.properties, name)) return "at the top of the file, above the first [table]";
  for (const [table, schema] of Object.entries<TSchema>(FileSchema.properties)) {
    if (TypeGuard.IsObject(schema) && Object.hasOwn(schema.properties, name)) return `in [${table}]`;
    if (TypeGuard.IsArray(schema) && TypeGuard.IsObject(schema.items) && Object.hasOwn(schema.items.properties, name)) {
      return `in [[${table}]]`;
    }
    const item = TypeGuard.IsRecord(schema) ? Object.values(schema.patternProperties)[0] : undefined;
    if (TypeGuard.IsObject(item) && Object.hasOwn(item.properties, name)) return `in [${table}.NAME]`;
  }
  return undefined;
}

/** "keys.origins": the names of a path, without indexes. */
function display(path: Path): string {
  const names = path.filter((part) => typeof part === "string");
  return names.map((name) => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name))).join(".");
}

class Check {
  readonly problems: LineProblem[] = [];
  plainSecretLine: number | undefined;
  readonly #document: TomlDocument;
  readonly #environment: Environment;
  /** Undefined: every variable is needed. */
  readonly #needsVariable: ((path: Path) => boolean) | undefined;
  omitted = 0;

  constructor(document: TomlDocument, environment: Environment, needsVariable?: (path: Path) => boolean) {
    this.#document = document;
    this.#environment = environment;
    this.#needsVariable = needsVariable;
  }

  value(schema: TSchema, value: TomlValue, path: Path): TomlValue | undefined {
    if (TypeGuard.IsObject(schema)) return this.#table(schema, value, path);
    if (TypeGuard.IsRecord(schema)) return this.#record(schema, value, path);
    if (TypeGuard.IsArray(schema)) return this.#array(schema, value, path);
    return this.#leaf(schema, value, path);
  }

  #table(schema: TObject, value: TomlValue, path: Path): TomlValue | undefined {
    if (!isTable(value))
      return this.#refuse(path, `${this.#written(value, path)}: expected a table [${display(path)}]`);
    const known = Object.keys(schema.properties);
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(schema.properties, name)) this.#refuseName(name, known, [...path, name]);
    }
    const completed: TomlTable = Object.create(null);
    for (const [name, property] of Object.entries(schema.properties)) {
      const given = value[name] ?? property.default;
      if (given !== undefined) {
        const checked = this.value(property, given, [...path, name]);
        if (checked !== undefined) completed[name] = checked;
      } else if (property[OptionalKind] !== "Optional") {
        const message = `${display(path)}: ${JSON.stringify(name)} is missing: expected ${option(property, "expects")}`;
        this.problems.push({ line: this.#document.line(path), message, isMissing: true });
      }
    }
    return completed;
  }

  #record(schema: TSchema, value: TomlValue, path: Path): TomlValue | undefined {
    const expected = option(schema, "expects");
    const shown = schema["secret"] === true ? "" : this.#written(value, path);
    if (!isTable(value)) return this.#refuse(path, `${shown}: expected ${expected}`);
    const patterns: Record<string, TSchema> = TypeGuard.IsRecord(schema) ? schema.patternProperties : {};
    const completed: TomlTable = Object.create(null);
    for (const [name, given] of Object.entries(value)) {
      const item = Object.entries(patterns).find(([pattern]) => new RegExp(pattern).test(name))?.[1];
      if (item === undefined) {
        this.#refuse([...path, name], `: this name is not allowed: expected ${option(schema, "nameExpects")}`);
        continue;
      }
      const checked = this.value(item, given, [...path, name]);
      if (checked !== undefined) completed[name] = checked;
    }
    return completed;
  }

  #array(
    schema: TSchema & { items: TSchema; minItems?: number; maxItems?: number },
    value: TomlValue,
    path: Path,
  ): TomlValue | undefined {
    const expected = option(schema, "expects");
    if (!Array.isArray(value)) return this.#refuse(path, `${this.#written(value, path)}: expected ${expected}`);
    if (value.length > (schema.maxItems ?? value.length) || value.length < (schema.minItems ?? 0)) {
      this.#refuse(path, ` has ${value.length} items: expected ${expected}`);
    }
    // A wrong table keeps its place, so the indexes still match the file.
    const completed: TomlValue[] = [];
    for (const [index, item] of value.entries()) {
      const checked = this.value(schema.items, item, [...path, index]);
      if (checked !== undefined || TypeGuard.IsObject(schema.items)) completed.push(checked ?? false);
    }
    return completed;
  }

  #leaf(schema: TSchema, value: TomlValue, path: Path): TomlValue | undefined {
    let given = value;
    let isExpanded = false;
    if (typeof value === "string") {
      const expansion = expandEnvironment(value, this.#environment);
      if (!expansion.ok) {
        if (expansion.isUnset && this.#needsVariable?.(path) === false) {
          this.omitted++;
          return schema.default as TomlValue | undefined;
        }
        const shown = schema["secret"] === true ? "" : this.#written(value, path);
        return this.#refuse(path, `${shown}: ${expansion.problem}`);
      }
      isExpanded = expansion.isExpanded;
      given = isExpanded ? typedText(schema, expansion.text) : expansion.text;
    }
    const decoded = decode(schema, given);
    if (schema["secret"] === true && schema["isDigest"] !== true && typeof given === "string" && !isExpanded) {
      this.plainSecretLine ??= this.#document.line(path);
    }
    if (decoded.ok) return given;
    const shown = schema["secret"] === true ? hiddenValue(given, isExpanded) : this.#written(value, path);
    return this.#refuse(path, `${shown}: ${decoded.problem}`);
  }

  #refuse(path: Path, message: string): undefined {
    this.problems.push({ line: this.#document.line(path), message: `${display(path)}${message}` });
    return undefined;
  }

  #refuseName(name: string, known: readonly string[], path: Path): void {
    const elsewhere = tableThatKnows(name);
    const hint = elsewhere === undefined ? "?" : `, or does it belong ${elsewhere}?`;
    const nearest = JSON.stringify(nearestName(name, known));
    this.problems.push({
      line: this.#document.mark(path)?.nameLine ?? this.#document.line(path),
      message: `${display(path)}: unknown name; did you mean ${nearest}${hint} (known here: ${known.join(", ")})`,
    });
  }

  /** " = 70000": the value as it is written. A variable's content is never shown. */
  #written(value: TomlValue, path: Path): string {
    const written = this.#document.mark(path)?.written;
    if (written === undefined) return Array.isArray(value) ? " is a list" : " is a table";
    const shown = withoutPasswords(written);
    return ` = ${shown.length > WRITTEN_CHARACTERS_MAX ? `${shown.slice(0, WRITTEN_CHARACTERS_MAX)}…` : shown}`;
  }
}

/** A value as it is written, without what stands for a password in an address: "https://user:…@host/?token=…". */
function withoutPasswords(written: string): string {
  const user = written.includes("//") ? /(\/\/[^/"'\s:@]*):[^"']*@/g : /(["'][^/"'\s:@]+):[^"']*@/g;
  return written.replace(user, "$1:…@").replace(/([?&#][^=&"'\s]*=)[^&"'\s]+/g, "$1…");
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}

/** The type that the schema expects of a variable's text: port = "${PORT}" gives a number. */
function typedText(schema: TSchema, text: string): TomlValue {
  if (TypeGuard.IsInteger(schema) || TypeGuard.IsNumber(schema)) {
    return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
  }
  if (TypeGuard.IsBoolean(schema)) return text === "true" ? true : text === "false" ? false : text;
  return text;
}

/** A refused secret in a message: masked, with its length. */
function hiddenValue(value: TomlValue, isExpanded: boolean): string {
  if (typeof value !== "string") return " is not a text";
  const origin = isExpanded ? " from the environment" : "";
  return ` = "${maskKey(value)}"${origin} (hidden, ${Array.from(value).length} characters)`;
}

/**
 * Checks the whole document. `needsVariable` says which values need their variables; without one, all do. Others are
 * omitted.
 */
export function checkDocument(
  document: TomlDocument,
  environment: Environment,
  needsVariable?: (path: Path) => boolean,
): Checked {
  const check = new Check(document, environment, needsVariable);
  const completed = check.value(FileSchema, document.root, []);
  return {
    completed: completed !== undefined && isTable(completed) ? completed : Object.create(null),
    problems: check.problems,
    plainSecretLine: check.plainSecretLine,
    omitted: check.omitted,
  };
}
