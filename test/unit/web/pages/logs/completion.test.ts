import { describe, expect, test } from "bun:test";
import { SEARCH_FIELDS } from "../../../../../src/search/fields.ts";

import { parseSearch } from "../../../../../src/search/parser.ts";
import {
  complete,
  heldSearch,
  proposeFields,
  proposeValues,
  typingAt,
} from "../../../../../src/web/pages/logs/completion.ts";

const NO_COUNTS: ReadonlyMap<string, number> = new Map();

/** What is proposed where the caret "|" stands, and the text that the first proposal makes. */
function proposed(marked: string, stored: readonly { value: string; count: number }[] = []) {
  const caret = marked.indexOf("|");
  const text = marked.replace("|", "");
  const typing = typingAt(text, caret);
  const proposals = typing.kind === "field" ? proposeFields(typing, NO_COUNTS) : proposeValues(typing, stored);
  const [first] = proposals;
  const done = first === undefined ? undefined : complete(text, typing, first.insert);
  const taken = done === undefined ? undefined : `${done.text.slice(0, done.caret)}|${done.text.slice(done.caret)}`;
  return { labels: proposals.map(({ label }) => label), taken };
}

describe("fields", () => {
  test("are all that the search language knows, with all their choices", () => {
    const names = SEARCH_FIELDS.map(({ name }) => `${name}:`);
    expect(proposed("|").labels.toSorted()).toEqual(names.toSorted());
    for (const { name, type, values } of SEARCH_FIELDS) {
      if (type === "choice") expect(proposed(`${name}:|`).labels.toSorted()).toEqual(values.toSorted());
    }
  });

  test("are proposed where a term begins, those that begin as typed first", () => {
    expect(proposed("t|").labels.slice(0, 3)).toEqual(["touchpoint:", "time:", "status:"]);
    expect(proposed("timeout lev| x").taken).toBe("timeout level:| x");
    expect(proposed("(sta|)").taken).toBe("(status:|)");
    expect(proposed("-lev|").taken).toBe("-level:|");
  });

  test("of the metadata are proposed as a search writes them, with their counts", () => {
    const counts = new Map([
      ['metadata."odd name"', 3],
      ["level", 5],
    ]);
    expect(proposeFields(typingAt("odd", 3), counts)).toEqual([
      { insert: 'metadata."odd name":', label: 'metadata."odd name":', count: 3 },
    ]);
  });
});

describe("values", () => {
  test("of a closed set are proposed after the colon, and after each comma", () => {
    expect(proposed("level:|").labels).toEqual(["error", "warn", "info", "debug"]);
    expect(proposed("level:error,w|").taken).toBe("level:error,warn |");
    expect(proposed("level:er|,warn x").taken).toBe("level:error|,warn x");
  });

  test("with a comma in quotes are one value", () => {
    const stored = [{ value: "a,b", count: 1 }];
    expect(proposed('key:x,"a|,b"', stored).taken).toBe('key:x,"a,b" |');
  });

  test("that are stored are quoted as needed", () => {
    const stored = [
      { value: "web shop", count: 2 },
      { value: 'a "b"', count: 1 },
    ];
    expect(proposed("apiKey:|", stored)).toEqual({
      labels: ["web shop", 'a "b"'],
      taken: 'apiKey:"web shop" |',
    });
    expect(proposed('apiKey:"we|"', stored).taken).toBe('apiKey:"web shop" |');
    for (const { insert } of proposeValues(typingAt("apiKey:", 7), stored)) {
      expect(parseSearch(`apiKey:${insert}`).ok).toBe(true);
    }
  });

  test("of touchpoints are also what several of them begin with", () => {
    const stored = [
      { value: "api/orders/list", count: 2 },
      { value: "api/users", count: 1 },
      { value: "web", count: 1 },
    ];
    expect(proposed("touchpoint:|", stored)).toEqual({
      labels: ["api/*", "api/orders/list", "api/users", "web"],
      taken: "touchpoint:api/* |",
    });
  });

  test("are not proposed for a field that does not exist", () => {
    expect(proposed("nothing:|").labels).toEqual([]);
  });
});

describe("what is proposed comes from the applied search without what is typed", () => {
  test.each<[applied: string, draft: string, held: string]>([
    ["level:error", "level:error touchpoint:ap|", "level:error"],
    ["level:error", "level:error |", "level:error"],
    ["level:error", "level:error meta|", "level:error"],
    ["level:error touchpoint:api/*", "level:error touchpoint:web|", "level:error"],
    ["level:error", "level:err|", ""],
    ["level:error timeout", "level:error,wa| timeout", "timeout"],
    ["timeout", "timeout -source:cl|", "timeout"],
    ["timeout", "timeout NOT source:cl|", "timeout"],
    // What was not applied is not searched yet: it may be half typed.
    ["level:error", "level:error duration:> key:|", "level:error"],
    ["", "duration:> key:|", ""],
    // An OR holds as a whole, or not at all.
    ["a OR b", "a OR b level:|", "a OR b"],
    ["a OR level:error", "a OR level:|", ""],
    ['metadata."odd name":x', 'metadata."odd name":x (|', 'metadata."odd name":x'],
  ])("%s, then %s: %s", (applied, draft, held) => {
    const caret = draft.indexOf("|");
    const text = draft.replace("|", "");
    expect(heldSearch(applied, text, typingAt(text, caret))).toBe(held);
  });
});
