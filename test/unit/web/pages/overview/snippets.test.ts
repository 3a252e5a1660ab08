// The programs of the first run: complete, with the server's address and one place for the key.

import { describe, expect, test } from "bun:test";
import { snippetId, snippetsFor } from "../../../../../src/web/pages/overview/snippets.ts";

describe("the first programs", () => {
  test("name this server's address and have a place for the key", () => {
    for (const { id, text, placeholder } of snippetsFor("https://logs.example.com:8443")) {
      expect(text, id).toContain("https://logs.example.com:8443/api/v1/enqueue");
      expect(text.split(placeholder), id).toHaveLength(2);
    }
  });

  test("are curl's unless the address names another", () => {
    expect(["", "python", "PYTHON", "__proto__"].map(snippetId)).toEqual(["curl", "python", "curl", "curl"]);
  });
});
