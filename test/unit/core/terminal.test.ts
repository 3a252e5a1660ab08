import { expect, test } from "bun:test";
import { escapeControls } from "../../../src/core/terminal.ts";

test("control characters of both ranges are shown as escapes, and nothing else changes", () => {
  expect(escapeControls("a\u001b[31mb\u0000\u007f\u009b\n\tü🎉")).toBe("a\\x1b[31mb\\x00\\x7f\\x9b\\x0a\\x09ü🎉");
  expect(escapeControls("plain text, \\x1b typed")).toBe("plain text, \\x1b typed");
});
