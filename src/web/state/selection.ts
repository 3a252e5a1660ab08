// The selection of the timings page: all timings, one touchpoint, a category, or timings without a touchpoint. The
// address holds it as one parameter; queries hold it as a term of the search language.

import { categoriesOf, isCutTouchpoint, TOUCHPOINT_LENGTH_MAX } from "../../core/touchpoint.ts";
import { quote } from "../../search/fields.ts";
import type { ParameterChanges } from "./router.ts";

/** A category's name ends with "/". */
export type Selection =
  | { readonly kind: "touchpoint"; readonly name: string }
  | { readonly kind: "category"; readonly name: string }
  | { readonly kind: "none" };

const NONE = "none";

/**
 * Parses the address's parameter: "touchpoint:api/orders", "category:api/" or "none". Undefined for all timings, and
 * for any other text.
 */
export function parseSelection(text: string): Selection | undefined {
  if (text === NONE) return { kind: "none" };
  const [, kind, name = ""] = /^(touchpoint|category):(.+)$/s.exec(text) ?? [];
  if (kind === "touchpoint") return { kind, name };
  return kind === "category" && name.endsWith("/") ? { kind, name } : undefined;
}

/** The address's parameter of a selection. */
export function formatSelection(selection: Selection): string {
  return selection.kind === "none" ? NONE : `${selection.kind}:${selection.name}`;
}

/** The parameters of the address that show a selection. Undefined: all timings. */
export function selectionParameters(selection: Selection | undefined): ParameterChanges {
  return { show: selection === undefined ? undefined : formatSelection(selection) };
}

/** The selection as a heading. */
export function selectionTitle(selection: Selection): string {
  return selection.kind === "none" ? "Without a touchpoint" : selection.name;
}

/** A term that matches the selected timings. */
export function selectionTerm(selection: Selection): string {
  if (selection.kind === "none") return "-touchpoint:*";
  return `touchpoint:${selection.kind === "category" ? `${quote(selection.name)}*` : valueOf(selection.name)}`;
}

/** A term that matches each of these touchpoints. */
export function touchpointsTerm(names: readonly string[]): string {
  return `touchpoint:${names.map(valueOf).join(",")}`;
}

/** The whole name. A name that was cut becomes a prefix, without the last unit: the cut may have split a character. */
function valueOf(name: string): string {
  return isCutTouchpoint(name) ? `${quote(name.slice(0, TOUCHPOINT_LENGTH_MAX - 1))}*` : quote(name);
}

/** The categories that contain a selection, outermost first: "api/orders/list" is in "api/" and "api/orders/". */
export function outerCategories(selection: Selection): readonly string[] {
  if (selection.kind === "none") return [];
  const { kind, name } = selection;
  return [...categoriesOf(kind === "category" ? name.slice(0, -1) : name)];
}
