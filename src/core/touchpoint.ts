// Touchpoint names, which clients choose: how long a listed name may be, how a longer one is shown, and the categories
// that "/" makes.

/** Characters (UTF-16 units) of a listed name. A longer name is stored with its records only. */
export const TOUCHPOINT_LENGTH_MAX = 512;

/** UTF-8 bytes of a listed name. */
export const TOUCHPOINT_BYTES_MAX = 3 * TOUCHPOINT_LENGTH_MAX;

/** The name, or the first TOUCHPOINT_LENGTH_MAX characters of a longer one with an ellipsis. */
export function cutTouchpoint(name: string): string {
  return name.length <= TOUCHPOINT_LENGTH_MAX ? name : `${name.slice(0, TOUCHPOINT_LENGTH_MAX).toWellFormed()}…`;
}

/** Whether `cutTouchpoint` cut this name. */
export function isCutTouchpoint(name: string): boolean {
  return name.length > TOUCHPOINT_LENGTH_MAX;
}

/**
 * The name under which the pairs of a touchpoint are counted as ambiguous: its first TOUCHPOINT_LENGTH_MAX characters,
 * without an ellipsis. Equal names stay equal, and a surrogate pair is never cut in half.
 */
export function ambiguousName(touchpoint: string): string {
  return touchpoint.length > TOUCHPOINT_LENGTH_MAX
    ? touchpoint.slice(0, TOUCHPOINT_LENGTH_MAX).toWellFormed()
    : touchpoint;
}

/** Levels of categories. A deeper name belongs to its deepest category. */
export const CATEGORY_LEVELS_MAX = 16;
/**
 * Characters of a category's name. With the levels it bounds the categories of one touchpoint: 2,048 characters
 * together, however many slashes its name has.
 */
export const CATEGORY_LENGTH_MAX = 128;

/** The categories of a touchpoint, outermost first, each ending with "/": "a/b/c" is in "a/" and "a/b/". */
export function* categoriesOf(touchpoint: string): Generator<string> {
  for (const end of categoryEnds(touchpoint)) yield touchpoint.slice(0, end);
}

/** The index after the "/" of each category, outermost first. */
export function categoryEnds(touchpoint: string): number[] {
  const ends: number[] = [];
  let end = touchpoint.indexOf("/");
  while (end !== -1 && end < CATEGORY_LENGTH_MAX && ends.length < CATEGORY_LEVELS_MAX) {
    ends.push(end + 1);
    end = touchpoint.indexOf("/", end + 1);
  }
  return ends;
}

/** A category with its members. */
export interface CategoryNode<T> {
  /** "" for the root. Others end with "/". */
  readonly name: string;
  /** Members that are in no deeper category, in the order given. */
  readonly touchpoints: T[];
  /** By name, in the order in which they first come. */
  readonly categories: Map<string, CategoryNode<T>>;
}

/** Groups touchpoints by category; returns the root. */
export function categoryTree<T extends { readonly touchpoint: string }>(touchpoints: readonly T[]): CategoryNode<T> {
  const root: CategoryNode<T> = { name: "", touchpoints: [], categories: new Map() };
  for (const member of touchpoints) {
    let category = root;
    for (const name of categoriesOf(member.touchpoint)) {
      const next: CategoryNode<T> = category.categories.get(name) ?? { name, touchpoints: [], categories: new Map() };
      category.categories.set(name, next);
      category = next;
    }
    category.touchpoints.push(member);
  }
  return root;
}
