// Categories of touchpoints: what their names have up to each "/".

/** Levels of categories; what is deeper belongs to the deepest. */
export const CATEGORY_LEVELS_MAX = 16;
/**
 * Characters of a category's name. With the levels it bounds what one touchpoint can make of categories: 2,048 characters at most,
 * however its name is filled with slashes.
 */
export const CATEGORY_LENGTH_MAX = 128;

/** The categories that a touchpoint belongs to, outermost first, each ending with "/": "a/b/c" lies in "a/" and "a/b/". */
export function* categoriesOf(touchpoint: string): Generator<string> {
  for (const end of categoryEnds(touchpoint)) yield touchpoint.slice(0, end);
}

/** Where the names of its categories end, each behind its "/". */
export function categoryEnds(touchpoint: string): number[] {
  const ends: number[] = [];
  let end = touchpoint.indexOf("/");
  while (end !== -1 && end < CATEGORY_LENGTH_MAX && ends.length < CATEGORY_LEVELS_MAX) {
    ends.push(end + 1);
    end = touchpoint.indexOf("/", end + 1);
  }
  return ends;
}
