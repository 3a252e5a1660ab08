import { expect, test } from "bun:test";
import type { Expression } from "../../../src/search/expression.ts";
import { METADATA_FIELD, metadataFieldName, quote, SEARCH_FIELDS } from "../../../src/search/fields.ts";
import { parseSearch } from "../../../src/search/parser.ts";

/** The field that the one term of a search names. */
function fieldOf(text: string): string {
  const parsed = parseSearch(text);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  const search: Expression = parsed.search;
  if (search.kind === "message") return "message";
  if (search.kind === "metadata" || search.kind === "metadataNumber") return search.name;
  return "field" in search ? search.field : search.kind;
}

test("every field's example is a search for that field", () => {
  expect(SEARCH_FIELDS.map(({ example }) => fieldOf(example))).toEqual(SEARCH_FIELDS.map(({ name }) => name));
  expect(fieldOf(METADATA_FIELD.example)).toBe("orderId");
});

test("every value of a choice can be searched for", () => {
  for (const { name, values } of SEARCH_FIELDS) {
    for (const value of values) expect(fieldOf(`${name}:${value}`)).toBe(name);
  }
});

test("a metadata field's name and a quoted text are read back, whatever they hold", () => {
  for (const text of ["orderId", "a.b", "", "odd name", 'say "hi"', "C:\\x\\", "größe", "(a)", "a:b", "a,b*", "-x"]) {
    expect(fieldOf(`${metadataFieldName(text)}:x`)).toBe(text);
    expect(parseSearch(`key:${quote(text)}`)).toEqual({
      ok: true,
      search: { kind: "exact", field: "key", patterns: [{ text, isPrefix: false }] },
    });
  }
  expect(metadataFieldName("orderId")).toBe("metadata.orderId");
});
