import { expect, test } from "bun:test";
import { escapeControls, escapeControlsInJson } from "../../../src/core/terminal.ts";

test("control characters of both ranges are shown as escapes, and nothing else changes", () => {
  expect(escapeControls("a\u001b[31mb\u0000\u007f\u009b\n\tü🎉")).toBe("a\\x1b[31mb\\x00\\x7f\\x9b\\x0a\\x09ü🎉");
  expect(escapeControls("plain text, \\x1b typed")).toBe("plain text, \\x1b typed");
});

test("what breaks lines, turns the direction of writing or takes no room is shown as escapes, joined emoji are not", () => {
  expect(escapeControls("a\u2028b\u202ec\u2066d\u200be\ufeff")).toBe("a\\u2028b\\u202ec\\u2066d\\u200be\\ufeff");
  expect(escapeControls("👩\u200d👧 שלום")).toBe("👩\u200d👧 שלום");
});

test("JSON with such characters escaped has the same value", () => {
  const value = { "k\u009b": "a\u001b\u007f\u202e\u2028ü🎉" };
  const json = escapeControlsInJson(JSON.stringify(value));
  expect([json, JSON.parse(json)]).toEqual(['{"k\\u009b":"a\\u001b\\u007f\\u202e\\u2028ü🎉"}', value]);
});
