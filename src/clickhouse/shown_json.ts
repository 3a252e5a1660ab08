// The JSON of a member of metadata as it is fetched to be counted by its value: of a long text only what is shown of it.

import { VALUE_LENGTH_MAX } from "../core/limits.ts";
import { scalarText } from "./metadata_sql.ts";

/** What comes in the place of the JSON of a long text: a mark, and the text's beginning. */
const CUT = "~";

/** Whether a JSON is that of a list or an object. @param json an expression */
export function isCompound(json: string): string {
  return `(startsWith(${json}, '[') OR startsWith(${json}, '{'))`;
}

/** Whether a JSON may be longer than what is shown of its value. @param json an expression */
export function isLong(json: string): string {
  return `length(${json}) >= ${VALUE_LENGTH_MAX}`;
}

/** A JSON as far as its value is shown. An escaped surrogate would not survive the cut. @param json an expression */
export function shownJson(json: string): string {
  return (
    `if(${isLong(json)} AND startsWith(${json}, '"') AND position(${json}, '\\\\u') = 0, ` +
    `concat('${CUT}', leftUTF8(${scalarText(json)}, ${VALUE_LENGTH_MAX})), ${json})`
  );
}

/** The value, or as much of it as is shown. */
export function valueOfShown(json: string): unknown {
  return json.startsWith(CUT) ? json.slice(CUT.length) : JSON.parse(json);
}
