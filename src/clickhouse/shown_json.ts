// The JSON of a member of metadata as it is fetched to be counted by its value: of a long text only what is shown of it.

import { VALUE_LENGTH_MAX } from "../core/limits.ts";
import { SCALAR_TEXT } from "./metadata_sql.ts";

/** What comes in the place of the JSON of a long text: a mark, and the text's beginning. */
const CUT = "~";

/** Whether the JSON `v` is that of a list or an object. */
export const IS_COMPOUND = "(startsWith(v, '[') OR startsWith(v, '{'))";
/** Whether the JSON `v` may be longer than what is shown of its value. */
export const IS_LONG = `length(v) >= ${VALUE_LENGTH_MAX}`;
/** The JSON `v` as far as its value is shown. An escaped surrogate would not survive the cut. */
export const SHOWN_JSON =
  `if(${IS_LONG} AND startsWith(v, '"') AND position(v, '\\\\u') = 0, ` +
  `concat('${CUT}', leftUTF8(${SCALAR_TEXT}, ${VALUE_LENGTH_MAX})), v)`;

/** The value, or as much of it as is shown. */
export function valueOfShown(json: string): unknown {
  return json.startsWith(CUT) ? json.slice(CUT.length) : JSON.parse(json);
}
