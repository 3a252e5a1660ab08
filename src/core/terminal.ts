// Text for people: nothing that came from outside steers a terminal, or changes the order in which its text is read.

/** Control characters, and those that break lines, turn the direction of writing, or take no room. */
const UNSAFE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** Such characters shown as escapes ("\x1b", "\u202e"). */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code}`;
  });
}

/** JSON text with the same characters as JSON's own escapes: its value is what it was. */
export function escapeControlsInJson(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
