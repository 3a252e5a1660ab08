// A secret that must be kept as text, because it is sent on: a token in a URL, a password, a key to sign with. It hides
// itself wherever a value is printed, so only code that asks for it by name can show it.

const HIDDEN = "…";
/** What console.log and its relatives call, on Bun and Deno; a registered symbol, so core imports no module for it. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
/** Characters that a text and a secret must share in a row before the text is hidden. */
const SHARED_CHARACTERS = 6;

/** Text that appears as "…" in JSON, in strings and in printed objects. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, to be sent to where it belongs and nowhere else. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [INSPECT](): string {
    return HIDDEN;
  }
}

/**
 * Whether a text shows a part of a secret: six characters in a row, whatever their case, or all of a shorter one.
 * Linear in the lengths of both.
 */
export function showsSecret(text: string, secrets: readonly string[]): boolean {
  const shown = text.toLowerCase();
  const parts = new Set<string>();
  for (let at = 0; at + SHARED_CHARACTERS <= shown.length; at++) parts.add(shown.slice(at, at + SHARED_CHARACTERS));
  return secrets.some((secret) => {
    const hidden = secret.toLowerCase();
    if (hidden === "") return false;
    if (hidden.length < SHARED_CHARACTERS) return shown.includes(hidden);
    for (let at = 0; at + SHARED_CHARACTERS <= hidden.length; at++) {
      if (parts.has(hidden.slice(at, at + SHARED_CHARACTERS))) return true;
    }
    return false;
  });
}
