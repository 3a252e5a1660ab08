// Categories of touchpoints: what their names have up to each "/".

/** Levels of categories; what is deeper belongs to the deepest. Bounds what a name of slashes alone can make. */
export const CATEGORY_LEVELS_MAX = 32;

/** The categories that a touchpoint belongs to, outermost first, each ending with "/": "a/b/c" lies in "a/" and "a/b/". */
export function* categoriesOf(touchpoint: string): Generator<string> {
  let end = touchpoint.indexOf("/");
  for (let level = 1; end !== -1 && level <= CATEGORY_LEVELS_MAX; level++) {
    yield touchpoint.slice(0, end + 1);
    end = touchpoint.indexOf("/", end + 1);
  }
}
