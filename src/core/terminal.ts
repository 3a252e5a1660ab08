// Text for people.

const CONTROLS = /\p{Cc}/gu;

/** Control characters shown as escapes ("\x1b"), so that text from outside cannot steer a terminal. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    return `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
