// Templates of JSON with placeholders: {{name}} in a string becomes escaped text, {{name}} as a value becomes a JSON
// value. So whatever a value holds, it stays inside its string or is a value of its own.
//
// Invariant: a template that parses gives valid JSON for all values.

import { nearestName } from "./nearest.ts";

/** What a placeholder stands for, in both of its places. */
export interface TemplateValue {
  /** Between quotes of the template. */
  readonly text: string;
  /** Where a JSON value stands: anything that JSON.stringify takes. */
  readonly value: unknown;
}

interface Placeholder {
  readonly name: string;
  readonly isInString: boolean;
}

/** A template that was checked: texts and placeholders in turn. */
export interface JsonTemplate {
  readonly pieces: readonly (string | Placeholder)[];
}

/** The template, or what is wrong with it. */
export type TemplateResult =
  | { readonly ok: true; readonly template: JsonTemplate }
  | { readonly ok: false; readonly problem: string };

const PLACEHOLDER = /\{\{([^{}]*)\}\}/y;
/** Templates are written by hand. */
const TEMPLATE_CHARACTERS_MAX = 20_000;

/** Reads a template whose placeholders may have these names. */
export function parseJsonTemplate(text: string, names: readonly string[]): TemplateResult {
  if (text.length > TEMPLATE_CHARACTERS_MAX) return refuse(`it has more than ${TEMPLATE_CHARACTERS_MAX} characters`);
  const pieces: (string | Placeholder)[] = [];
  let isInString = false;
  let from = 0;
  let at = 0;
  while (at < text.length) {
    PLACEHOLDER.lastIndex = at;
    const found = text.startsWith("{{", at) ? PLACEHOLDER.exec(text) : null;
    if (found !== null) {
      const name = (found[1] ?? "").trim();
      // Objects in objects begin with braces as well, outside of strings.
      if (isInString || /^\w+$/.test(name)) {
        if (!names.includes(name)) return refuse(unknownName(name, names));
        pieces.push(text.slice(from, at), { name, isInString });
        at = PLACEHOLDER.lastIndex;
        from = at;
        continue;
      }
    }
    if (text[at] === "\\" && isInString) at++;
    else if (text[at] === '"') isInString = !isInString;
    at++;
  }
  pieces.push(text.slice(from));
  const template = { pieces };
  // Two kinds of value: a number alone would pass where it only continues a number of the template.
  const problem = jsonProblem(template, "0") ?? jsonProblem(template, "[]");
  return problem === undefined ? { ok: true, template } : refuse(problem);
}

/** The JSON text. `values` has every name that the template was parsed with. */
export function renderJsonTemplate({ pieces }: JsonTemplate, values: Readonly<Record<string, TemplateValue>>): string {
  return pieces
    .map((piece) => {
      if (typeof piece === "string") return piece;
      const { text, value } = values[piece.name] ?? { text: "", value: null };
      return piece.isInString ? JSON.stringify(text).slice(1, -1) : (JSON.stringify(value) ?? "null");
    })
    .join("");
}

/** No hexadecimal digit, and no letter of an escape: it fits nowhere but where any text does. */
const ANY_TEXT = "x";

/** What JSON.parse says of the template with a text and this value as its placeholders. */
function jsonProblem({ pieces }: JsonTemplate, value: string): string | undefined {
  const text = pieces
    .map((piece) => (typeof piece === "string" ? piece : piece.isInString ? ANY_TEXT : value))
    .join("");
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return "it is not JSON when its placeholders are filled in";
  }
}

function unknownName(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? "" : `; did you mean {{${nearest}}}?`;
  return `there is no {{${name.slice(0, 40)}}}${hint} (known: ${names.join(", ")})`;
}

function refuse(problem: string): TemplateResult {
  return { ok: false, problem };
}
