// Writes the second half of docs/http_api.md: every route with its parameters, bodies and answers, and every object,
// from the server's own OpenAPI description. What stands before the marker is written by hand and stays.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createFixture } from "../../test/unit/http/fixture.ts";
import { ROOT, runCommand } from "./command.ts";

/** A JSON schema, as far as the description uses it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number)[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly examples?: readonly unknown[];
}

interface Content {
  readonly schema: Schema;
}

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly headers?: Readonly<Record<string, unknown>>;
        readonly content?: Readonly<Record<string, Content>>;
      }
    >
  >;
}

/** The description that GET /openapi.json answers. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const PAGE = join(ROOT, "docs/http_api.md");
/** Everything after this line is made here. */
const MARKER = "<!-- Below this line: made by `bun scripts/src/http_api.ts`. -->";

/** A row that this many routes have stands once, in a table of its own. */
const SHARED_ROUTES_MIN = 4;

/** The whole page: what stands before the marker in `page`, and what the description says. */
export function renderPage(page: string, { paths, components }: OpenApi): string {
  const end = page.indexOf(MARKER);
  if (end === -1) throw new Error(`${PAGE} lacks its marker: ${MARKER}`);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  );
  const parameters = sharedRows(operations.map(({ operation }) => parameterRows(operation)));
  const answers = sharedRows(operations.map(({ operation }) => answerRows(operation)));
  const sections = [
    "## Routes",
    table(
      ["route", "does", "needs"],
      operations.map(({ title, operation }) => [link(`\`${title}\``, title), operation.summary, needsOf(operation)]),
    ),
    "## Shared parameters and answers",
    table(PARAMETER_HEADS, [...parameters.values()]),
    table(ANSWER_HEADS, [...answers.values()]),
    ...operations.flatMap(({ title, operation }) => operationSections(title, operation, { parameters, answers })),
    "## Objects",
    ...Object.entries(components.schemas).flatMap(([name, schema]) => [`### ${name}`, ...memberTable(schema)]),
  ];
  return `${page.slice(0, end)}${MARKER}\n\n${sections.join("\n\n")}\n`;
}

type Row = readonly string[];

function needsOf({ security }: Operation): string {
  if (security.length === 0) return "";
  return security.some((scheme) => "apiKey" in scheme) ? "an API key" : "the admin token";
}

const PARAMETER_HEADS = ["parameter", "type", "meaning"];
const ANSWER_HEADS = ["status", "when", "answer"];

/** Of each first cell, the row that most routes have, where enough have it. */
function sharedRows(routes: readonly (readonly Row[])[]): ReadonlyMap<string, Row> {
  const counts = new Map<string, { row: Row; count: number }>();
  for (const row of routes.flat()) {
    const id = row.join("|");
    counts.set(id, { row, count: (counts.get(id)?.count ?? 0) + 1 });
  }
  const often = [...counts.values()].filter(({ count }) => count >= SHARED_ROUTES_MIN);
  const shared = new Map<string, Row>();
  for (const { row } of often.toSorted((one, other) => one.count - other.count)) shared.set(row[0] ?? "", row);
  return new Map([...shared].toSorted(([one], [other]) => Number(one) - Number(other) || 0));
}

function parameterRows({ parameters }: Operation): Row[] {
  return (parameters ?? []).map(({ name, in: where, required, description, schema }) => [
    `\`${name}\`${where === "query" ? "" : ` (${where})`}`,
    `${typeOf(schema)}${required ? ", required" : ""}`,
    description ?? "",
  ]);
}

function answerRows({ responses }: Operation): Row[] {
  return Object.entries(responses).map(([status, { description, headers, content }]) => {
    const [mediaType, shown] = Object.entries(content ?? {})[0] ?? [];
    const type = shown === undefined ? "" : typeOf(shown.schema);
    const other = mediaType === undefined || mediaType === "application/json" ? "" : `\`${mediaType}\``;
    const sent = Object.keys(headers ?? {}).map((name) => `\`${name}\``);
    return [status, description, [other || type, ...sent].filter((text) => text !== "").join("; ")];
  });
}

function operationSections(
  title: string,
  operation: Operation,
  shared: { readonly parameters: ReadonlyMap<string, Row>; readonly answers: ReadonlyMap<string, Row> },
): string[] {
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  return [
    `### ${title}`,
    ...wrap(
      [operation.summary, operation.description]
        .flatMap((text) => (text === undefined ? [] : sentence(text)))
        .join(" "),
    ),
    ...tableWithout(PARAMETER_HEADS, parameterRows(operation), shared.parameters, "Shared parameters:"),
    ...(body === undefined ? [] : ["The body:", ...(body.$ref === undefined ? memberTable(body) : [typeOf(body)])]),
    ...tableWithout(ANSWER_HEADS, answerRows(operation), shared.answers, "Shared answers:"),
  ];
}

/** A table of the rows that are not shared, and the first cells of those that are. */
function tableWithout(heads: Row, rows: readonly Row[], shared: ReadonlyMap<string, Row>, also: string): string[] {
  const isShared = (row: Row) => shared.get(row[0] ?? "")?.join("|") === row.join("|");
  const own = rows.filter((row) => !isShared(row));
  const names = rows.filter(isShared).map(([name]) => name ?? "");
  const line = `${also} ${joined(names, "and")}.`;
  return [...(own.length === 0 ? [] : [table(heads, own)]), ...(names.length === 0 ? [] : wrap(line))];
}

/** The members of an object, those of objects inside it with a path. */
function memberTable(schema: Schema): string[] {
  const rows = memberRows(schema, "");
  return rows.length === 0 ? [typeOf(schema)] : [table(["member", "type", "meaning"], rows)];
}

function memberRows(schema: Schema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const isOptional = schema.required?.includes(name) !== true;
    const path = `${prefix}${name}`;
    const inner = member.type === "array" ? member.items : member;
    const below = inner?.properties === undefined ? [] : memberRows(inner, `${path}${member.items ? "[]" : ""}.`);
    const says = member.description ?? inner?.description ?? member.anyOf?.find((one) => one.description)?.description;
    const type = below.length === 0 ? typeOf(member) : typeOf(withoutMembers(member));
    return [[`\`${path}\``, `${type}${isOptional ? ", optional" : ""}`, says ?? ""], ...below];
  });
}

/** The schema of an object, or of an array of objects, whose members are listed elsewhere. */
function withoutMembers(schema: Schema): Schema {
  if (schema.items === undefined) return { ...schema, type: "object", properties: {} };
  return { ...schema, items: { type: "object" } };
}

/** A type in words, with its bounds and default; objects of their own as links. */
function typeOf(schema: Schema): string {
  const name = schema.$ref?.split("/").at(-1);
  if (name !== undefined) return link(name, name);
  if (schema.anyOf !== undefined) return joined([...new Set(schema.anyOf.map(typeOf))]);
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return joined(schema.enum.map((value) => `\`${JSON.stringify(value)}\``));
  const said = schema.default === undefined ? "" : `, \`${JSON.stringify(schema.default)}\` when absent`;
  return `${plainType(schema)}${said}`;
}

function plainType({ type, items, properties, patternProperties, ...bounds }: Schema): string {
  if (type === "array") return `array of ${items === undefined ? "values" : typeOf(items)}${itemBounds(bounds)}`;
  if (properties !== undefined && Object.keys(properties).length > 0)
    return `object with ${joined(
      Object.keys(properties).map((name) => `\`${name}\``),
      "and",
    )}`;
  if (properties !== undefined) return "object";
  const values = Object.values(patternProperties ?? {})[0];
  if (values !== undefined) return `object: names to ${typeOf(values)}`;
  return `${type ?? "any JSON value"}${valueBounds(bounds)}`;
}

function itemBounds({ minItems, maxItems }: Schema): string {
  return [minItems && `, at least ${shown(minItems)}`, maxItems && `, at most ${shown(maxItems)}`]
    .filter((text) => typeof text === "string")
    .join("");
}

function valueBounds({ minimum, maximum, minLength, maxLength }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${shown(minimum)} to ${shown(maximum)}`;
  if (maximum !== undefined) return `, at most ${shown(maximum)}`;
  if (minimum !== undefined && minimum !== 0) return `, at least ${shown(minimum)}`;
  if (maxLength === undefined) return "";
  return minLength === undefined || minLength === 0
    ? `, up to ${shown(maxLength)} characters`
    : `, ${shown(minLength)} to ${shown(maxLength)} characters`;
}

function shown(value: number): string {
  return value.toLocaleString("en");
}

function joined(words: readonly string[], conjunction: "and" | "or" = "or"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}

/** A link to a heading of this page. */
function link(text: string, heading: string): string {
  const anchor = heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
  return `[${text}](#${anchor})`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), `|${heads.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

/** A paragraph in lines of at most 100 characters. */
function wrap(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= 100) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return [lines.join("\n")];
}

/** What GET /openapi.json answers. */
export async function describedApi(): Promise<OpenApi> {
  const answer = await createFixture().fetch(new Request("http://localhost:7070/openapi.json"));
  return (await answer.json()) as OpenApi;
}

if (import.meta.main) {
  await runCommand(async () => {
    writeFileSync(PAGE, renderPage(readFileSync(PAGE, "utf8"), await describedApi()));
  });
}
