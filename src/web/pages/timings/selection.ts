// What the page looks at: all timings, one touchpoint, a category, or what has no touchpoint. It stands in the address as one word,
// and in questions as a term of the search language.

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

/** The selection as people read it. */
export function selectionTitle(selection: Selection): string {
  return selection.kind === "none" ? "Without a touchpoint" : selection.name;
}

/** A term that matches what is selected. */
export function selectionTerm(selection: Selection): string {
  if (selection.kind === "none") return "-touchpoint:*";
  return `touchpoint:${quote(selection.name)}${selection.kind === "category" ? "*" : ""}`;
}

/** A term that matches each of these touchpoints. */
export function touchpointsTerm(names: readonly string[]): string {
  return `touchpoint:${names.map(quote).join(",")}`;
}

/** A text in quotes, as the search language reads it. */
export function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** All of these searches at once; empty ones and undefined are left out. */
export function joinSearches(...searches: readonly (string | undefined)[]): string {
  const given = searches.filter((search) => search !== undefined && search.trim() !== "");
  return given.length > 1 ? given.map((search) => `(${search})`).join(" ") : (given[0] ?? "");
}

/** The categories around a selection, outermost first: "api/orders/list" lies in "api/" and "api/orders/". */
export function outerCategories(selection: Selection): readonly string[] {
  if (selection.kind === "none") return [];
  const { kind, name } = selection;
  const inner = kind === "category" ? name.slice(0, -1) : name;
  const ends: number[] = [];
  for (let at = inner.indexOf("/"); at !== -1 && ends.length < CRUMBS_MAX; at = inner.indexOf("/", at + 1))
    ends.push(at);
  return ends.map((end) => inner.slice(0, end + 1));
}

/** The deepest categories that have figures. */
const CRUMBS_MAX = 32;
