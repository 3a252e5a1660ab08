// Values of query parameters ({name:Type} in a statement) as the server reads them: the text of its tab-separated
// format. Nothing of a value can be taken for SQL.

/** A value of a parameter: its type stands in the statement. */
export type ParameterValue = string | number | bigint | boolean | null | readonly ParameterValue[];

/** Values by name. */
export type Parameters = Readonly<Record<string, ParameterValue>>;

/**
 * The text of a value. Throws TypeError for a number that is none.
 * Source: ClickHouse's documentation, "HTTP interface", "Queries with parameters".
 */
export function parameterText(value: ParameterValue): string {
  if (value === null) return "\\N";
  if (typeof value === "string") return escaped(value);
  if (typeof value === "object") return nested(value);
  return scalarText(value);
}

function nested(value: ParameterValue): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return `'${escaped(value)}'`;
  if (typeof value === "object") return `[${value.map(nested).join(",")}]`;
  return scalarText(value);
}

function scalarText(value: number | bigint | boolean): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`not a number: ${value}`);
  return String(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\0": "\\0",
  "\b": "\\b",
  "\f": "\\f",
};

function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  return text.replace(/[\\'\t\n\r\0\b\f]/g, (character) => ESCAPES[character] as string);
}
