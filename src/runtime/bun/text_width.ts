// How wide a text is on a terminal.

/**
 * Columns: a wide character (CJK, most emoji) takes two, a combining one none. Control characters must be escaped
 * before.
 */
export function textWidth(text: string): number {
  return Bun.stringWidth(text);
}
