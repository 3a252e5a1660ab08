// What the page looks at: all timings, one touchpoint, a category, or what has no touchpoint. It stands in the address as one word,
// and in questions as a term of the search language.

import { categoriesOf, isCutTouchpoint, TOUCHPOINT_LENGTH_MAX } from "../../core/touchpoint.ts";
import { quote } from "../../search/fields.ts";
import type { ParameterChanges } from "./router.ts";

/** A category's name ends with "/". */
export type Selection =
  | { readonly kind: "touchpoint"; readonly name: string }
  | { readonly kind: "category"; readonly name: string }
  | { readonly kind: "none" };

const NONE = "none";

/** As the address has it: "touchpoint:api/orders", "category:api/", "none"; undefined for all, and for what is none of these. */
export function parseSelection(text: string): Selection | undefined {
  if (text === NONE) return { kind: "none" };
  const [, kind, name = ""] = /^(touchpoint|category):(.+)$/s.exec(text) ?? [];
  if (kind === "touchpoint") return { kind, name };
  return kind === "category" && name.endsWith("/") ? { kind, name } : undefined;
}

export function formatSelection(selection: Selection): string {
  return selection.kind === "none" ? NONE : `${selection.kind}:${selection.name}`;
}

/** The parameters of the address that show a selection. Undefined: all timings. */
export function selectionParameters(selection: Selection | undefined): ParameterChanges {
  return { show: selection === undefined ? undefined : formatSelection(selection) };
}

/** The selection as people read it. */
export function selectionTitle(selection: Selection): string {
  return selection.kind === "none" ? "Without a touchpoint" : selection.name;
}

/** A term that matches what is selected. */
export function selectionTerm(selection: Selection): string {
  if (selection.kind === "none") return "-touchpoint:*";
  return `touchpoint:${selection.kind === "category" ? `${quote(selection.name)}*` : valueOf(selection.name)}`;
}

/** A term that matches each of these touchpoints. */
export function touchpointsTerm(names: readonly string[]): string {
  return `touchpoint:${names.map(valueOf).join(",")}`;
}

/** The whole name; of one that was cut all that begin so. The cut may have left half a character. */
function valueOf(name: string): string {
  return isCutTouchpoint(name) ? `${quote(name.slice(0, TOUCHPOINT_LENGTH_MAX - 1))}*` : quote(name);
}

/** The categories around a selection, outermost first: "api/orders/list" lies in "api/" and "api/orders/". */
export function outerCategories(selection: Selection): readonly string[] {
  if (selection.kind === "none") return [];
  const { kind, name } = selection;
  return [...categoriesOf(kind === "category" ? name.slice(0, -1) : name)];
}
