// Escapes text from outside before a terminal shows it, so that it can neither control the terminal nor change its
// reading order.

/** Control characters, and those that break lines, turn the direction of writing, or take no room. */
const UNSAFE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** Such characters shown as escapes ("\x1b", "\u202e"). */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code}`;
  });
}

/** The text for one place on a line: escaped, and cut to so many characters, the last of which then says so. */
export function shownText(text: string, lengthMax: number): string {
  const shown = escapeControls(text.slice(0, lengthMax + 1));
  if (shown.length <= lengthMax) return shown;
  return `${shown.slice(0, lengthMax - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** JSON text with the same characters as JSON's own escapes: its value is what it was. */
export function escapeControlsInJson(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
