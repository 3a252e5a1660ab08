// Saved views: an address of the app with a name, kept in the data file for everybody who may read. A view is a project's
// or everybody's. Import types from here with `import type` where TypeBox must not come along, as in the app.

import { Type } from "@sinclair/typebox";
import { VIEW_ADDRESS_LENGTH_MAX, VIEW_NAME_LENGTH_MAX, VIEWS_MAX } from "./limits.ts";
import { PAGE_PATHS } from "./pages.ts";
import { nullable, object, time, type ValueOf } from "./schema_parts.ts";

export const ViewSchema = object("View", {
  id: Type.Integer({ minimum: 1, description: "Of this view as long as it is there" }),
  name: Type.String({ description: "Unique among the views of its project, or of everybody" }),
  project: nullable(Type.String({ description: "Whose it is; null: everybody's" })),
  address: Type.String({ description: "Path and parameters of the app", examples: ["/logs?from=24h&q=level:error"] }),
  changedAt: time("When it was saved or changed last"),
});
export type SavedView = ValueOf<typeof ViewSchema>;

export const ViewsSchema = object("Views", {
  views: Type.Array(ViewSchema, { maxItems: VIEWS_MAX, description: "By name" }),
});
export type ViewsResponse = ValueOf<typeof ViewsSchema>;

/** A change of the saved views, by kind. Project null: everybody's. */
export type ViewChange =
  | { readonly kind: "save_view"; readonly name: string; readonly project: string | null; readonly address: string }
  /** Undefined members stay as they are. */
  | {
      readonly kind: "change_view";
      readonly id: number;
      readonly name?: string | undefined;
      readonly project?: string | null | undefined;
      readonly address?: string | undefined;
    }
  | { readonly kind: "delete_view"; readonly id: number };

const CONTROLS = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029";
/** What a name must be: a line of text that neither begins nor ends with a space. */
export const VIEW_NAME_PATTERN = `^[^\\s${CONTROLS}](?:[^${CONTROLS}]*[^\\s${CONTROLS}])?$`;
export const VIEW_NAME_EXPECTED = `1 to ${VIEW_NAME_LENGTH_MAX} characters in one line, no space at either end`;
export const VIEW_ADDRESS_EXPECTED = `a path of the app with its parameters, at most ${VIEW_ADDRESS_LENGTH_MAX} characters, as in /logs?q=level:error`;

const PATHS: ReadonlySet<string> = new Set(Object.values(PAGE_PATHS));

/** Whether a text is a path of the app, perhaps with parameters, in the characters that an address has. */
export function isViewAddress(text: string): boolean {
  const [path = ""] = text.split("?", 1);
  return text.length <= VIEW_ADDRESS_LENGTH_MAX && PATHS.has(path) && /^[!-~]+$/.test(text) && !text.includes("#");
}
