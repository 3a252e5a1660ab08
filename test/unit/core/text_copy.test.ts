import { expect, test } from "bun:test";
import { copyOf } from "../../../src/core/text_copy.ts";

test("a copy is the same text, half surrogate pairs included", () => {
  const texts = ["", "plain", "Ärger ā 😀", "\ud83d alone", "alone \udc00", "\0"];
  expect(texts.map(copyOf)).toEqual(texts);
});
