// The programs of the first run: complete, with the server's address and one place for the key.

import { describe, expect, test } from "bun:test";
import { snippetId, snippetsFor } from "../../../../../src/web/pages/overview/snippets.ts";

describe("the first programs", () => {
  test("name this server's address and have a place for the key", () => {
    for (const { id, text, placeholder } of snippetsFor("https://logs.example.com:8443")) {
      expect(text, id).toContain("https://logs.example.com:8443/");
      expect(text.split(placeholder), id).toHaveLength(2);
    }
  });

  test("take the client library from this server, and curl needs nothing", () => {
    const snippets = new Map(snippetsFor("https://logs.example.com").map((snippet) => [snippet.id, snippet]));
    expect(snippets.get("browser")?.text).toContain('<script src="https://logs.example.com/sdk/simplelogs.js"');
    expect(snippets.get("node")?.setup).toBe("npm install https://logs.example.com/sdk/simplelogs.tgz");
    expect(snippets.get("node")?.text).toContain('apiEndpoint: "https://logs.example.com/api/v1"');
    expect(snippets.get("python")?.setup).toContain(" https://logs.example.com/sdk/simplelogs.py");
    expect(snippets.get("curl")?.text).toContain("https://logs.example.com/api/v1/enqueue");
  });

  test("are the browser's unless the address names another", () => {
    expect(["", "python", "PYTHON", "__proto__"].map(snippetId)).toEqual(["browser", "python", "browser", "browser"]);
  });
});
