// Copies of texts that outlive the text that they were cut from.

/** Copies a text. A substring keeps the whole original in memory; a copy does not. Lone surrogates stay as they are. */
export function copyOf(text: string): string {
  const encoding = text.isWellFormed() ? "utf8" : "utf16le";
  return Buffer.from(text, encoding).toString(encoding);
}
