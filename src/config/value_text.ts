// How values are written in strings of the file: sizes and durations with their units, variables of the environment,
// and TOML's own escapes.

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The text with its variables expanded, or its problem, which shows no value. */
type Expansion =
  | { readonly ok: true; readonly text: string; readonly isExpanded: boolean }
  /** `isUnset`: nothing else is wrong but that variables are not set. */
  | { readonly ok: false; readonly problem: string; readonly isUnset: boolean };

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Replaces each ${NAME} once. The value of a variable is not expanded again. */
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

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+) ?([A-Za-z]+)$/.exec(text);
  if (match === null) return undefined;
  const unit = match[2] ?? "";
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (factor === undefined) return undefined;
  const amount = Number(match[1]) * factor;
  return Number.isSafeInteger(amount) ? amount : undefined;
}

/** Bytes of "5MiB", "64KB", "512B" or "1024"; undefined for anything else, and past 2^53 - 1. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(/^\d+$/.test(text) ? `${text}B` : text, SIZE_UNITS);
}

/** Milliseconds of "30d", "12h", "90m", "60s" or "250ms"; undefined for anything else, and past 2^53 - 1. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, DURATION_UNITS);
}

/** A size in the largest binary unit that divides it, for messages: 5242880 is "5MiB". */
export function formatSize(bytes: number): string {
  const unit = ["TiB", "GiB", "MiB", "KiB"].find((name) => bytes > 0 && bytes % (SIZE_UNITS[name] ?? 1) === 0) ?? "B";
  return `${bytes / (SIZE_UNITS[unit] ?? 1)}${unit}`;
}

/**
 * A basic string that reads back as the text: quotes and controls are escaped, and "${" is not taken for a variable.
 */
export function tomlString(text: string): string {
  // JSON's escapes are all TOML's too; only DEL must be escaped in TOML and not in JSON.
  return JSON.stringify(text)
    .replaceAll("\x7f", "\\u007f")
    .replaceAll("${", () => "$${");
}
