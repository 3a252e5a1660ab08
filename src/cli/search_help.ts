// The search language in the help of the commands that take one: made from the parser's own list of fields.

import { METADATA_FIELD, SEARCH_FIELDS } from "../query/search/fields.ts";

const INTRODUCTION = `
Search:
  Words and "quoted phrases" match any part of message, touchpoint, key and metadata values. Terms are joined by AND;
  OR, parentheses and - or NOT work. Times without an offset are in this machine's time zone.
  Quote a search for the shell: 'level:error ("timed out" OR refused) -bot'
`;

/** A part of a help text, with a line break at both ends. */
export function searchHelp(): string {
  const fields = [...SEARCH_FIELDS, METADATA_FIELD];
  const width = Math.max(...fields.map(({ example }) => example.length));
  const lines = fields.map(({ example, help }) => `  ${example.padEnd(width)}  ${help}\n`);
  return `${INTRODUCTION}\n${lines.join("")}`;
}
