// Texts that are kept for longer than what they were cut from.

/** The same text in memory of its own: a part of a text keeps all of it. Half surrogate pairs stay as they are. */
export function copyOf(text: string): string {
  const encoding = text.isWellFormed() ? "utf8" : "utf16le";
  return Buffer.from(text, encoding).toString(encoding);
}
