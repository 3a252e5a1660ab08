// GET /api/v1/export: every record that matches, in the order of ids, as the command writes it, at the client's pace.
// An export that fails on its way ends in a broken connection, never in a file that looks complete.

import { Type } from "@sinclair/typebox";
import { SEARCH_LENGTH_MAX } from "../../core/limits.ts";
import { RecordSchema } from "../../core/responses.ts";
import type { Route } from "../base/routes.ts";
import {
  badRequest,
  defineOperation,
  type ReadDependencies,
  refuse,
  SEARCH_REFUSALS,
  UNAVAILABLE,
} from "./operation.ts";
import { readScope, SCOPE, strictObject } from "./parameters.ts";
import { abortWithClient, ResponseStream } from "./response_stream.ts";

const MEDIA_TYPES = { ndjson: "application/x-ndjson", csv: "text/csv; charset=utf-8" } as const;

const FORMAT = Type.Union([Type.Literal("ndjson"), Type.Literal("csv")], {
  expects: '"ndjson" or "csv"',
  description: 'One JSON object a line, or CSV with a header line; absent: "csv" where `csv` is given, else "ndjson"',
});
const CSV = Type.Union([Type.Literal("exact"), Type.Literal("spreadsheet")], {
  expects: '"exact" or "spreadsheet"',
  description:
    'What CSV is for. "spreadsheet": ISO times, a byte order mark, and a quote before what a spreadsheet would take for a formula',
});

/** Columns of a sheet that somebody reads. */
const COLUMNS_MAX = 50;
const COLUMNS = Type.String({
  minLength: 1,
  maxLength: SEARCH_LENGTH_MAX,
  expects: "names of fields, separated by commas",
  description:
    "Of CSV: its columns, as a search names fields, separated by commas (one in a name is %2C, a % is %25); absent: every member of a record, metadata as one",
  examples: ["time,level,metadata.orderId,message"],
});

/** The columns of a list; or what is wrong with it. */
function columnsOf(text: string): readonly string[] | string {
  const names = text.split(",").map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%"));
  if (names.length > COLUMNS_MAX) return `columns: expected at most ${COLUMNS_MAX}, got ${names.length}`;
  return names;
}

export function exportRoute(dependencies: ReadDependencies): Route {
  const { log } = dependencies;
  const exportAll = defineOperation(dependencies, {
    id: "exportEntries",
    summary: "Every record that matches, in the order of ids",
    access: "reader",
    takesTicket: true,
    query: strictObject({
      format: Type.Optional(FORMAT),
      csv: Type.Optional(CSV),
      columns: Type.Optional(COLUMNS),
      ...SCOPE,
    }),
    responses: {
      200: {
        description: "Records, streamed",
        mediaType: ["application/x-ndjson", "text/csv"],
        schema: RecordSchema,
        headers: { "Content-Disposition": "attachment" },
      },
      ...SEARCH_REFUSALS,
      ...UNAVAILABLE,
    },
    async handle({ request, queries, query: { csv, format: given, columns: listed, ...bounds }, now }) {
      if (given === "ndjson" && csv !== undefined) return badRequest("csv: needs format=csv");
      const type = given ?? (csv === undefined ? "ndjson" : "csv");
      const format = csv === "spreadsheet" ? csv : type;
      const columns = listed === undefined ? undefined : columnsOf(listed);
      if (typeof columns === "string") return badRequest(columns);
      if (columns !== undefined && type !== "csv") return badRequest("columns: needs format=csv");
      const scope = readScope(bounds, now);
      if (!scope.ok) return badRequest(scope.message);
      const { work, release } = abortWithClient(request);
      const outcome = await queries.export(
        { format, scope: scope.value, ...(columns === undefined ? {} : { columns }) },
        work.signal,
      );
      if (!outcome.ok) {
        release();
        return refuse(outcome.refusal);
      }
      const body = new ResponseStream({
        source: outcome.answer,
        textOf: (text) => text,
        work,
        failed(error) {
          log("error", "an export failed", { error: error instanceof Error ? error.message : String(error) });
          return "cut";
        },
        ended: release,
      });
      const headers = {
        "content-type": MEDIA_TYPES[type],
        "content-disposition": `attachment; filename="simplelogs.${type}"`,
        "cache-control": "no-store",
      };
      return new Response(body.stream, { headers });
    },
  });
  return { path: "/api/v1/export", operations: { GET: exportAll } };
}
