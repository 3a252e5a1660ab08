// ${NAME} in a string, taken from the environment; $${ stands for the two characters themselves.

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The text with its variables in place (and whether it had any), or what is wrong with it, naming no value. */
export type Expansion =
  | { readonly ok: true; readonly text: string; readonly isExpanded: boolean }
  /** `isUnset`: nothing else is wrong but that variables are not set. */
  | { readonly ok: false; readonly problem: string; readonly isUnset: boolean };

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Replaces each ${NAME} once: what a variable holds is not expanded again. */
export function expandEnvironment(text: string, environment: Environment): Expansion {
  const problems = new Set<string>();
  let isUnset = true;
  let isExpanded = false;
  const expanded = text.replace(REFERENCE, (reference: string, name: string | undefined, end: string | undefined) => {
    if (name === undefined) return "${";
    if (end !== "}" || !NAME.test(name)) {
      isUnset = false;
      problems.add(
        `"\${" must be followed by the name of a variable and "}" (for the characters themselves write "$\${")`,
      );
      return reference;
    }
    const value: unknown = environment[name];
    if (typeof value !== "string") {
      problems.add(`the environment variable ${name} is not set`);
      return reference;
    }
    isExpanded = true;
    return value;
  });
  return problems.size === 0
    ? { ok: true, text: expanded, isExpanded }
    : { ok: false, problem: [...problems].join("; "), isUnset };
}
