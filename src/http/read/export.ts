// GET /api/v1/export: every record that matches, in the order of ids, as the command writes it, at the client's pace. An export
// that fails on its way ends in a broken connection, never in a file that looks complete.

import { Type } from "@sinclair/typebox";
import type { Route } from "../routes.ts";
import { RecordSchema } from "./answers.ts";
import { defineOperation, type ReadDependencies, SEARCH_REFUSALS, UNAVAILABLE } from "./operation.ts";
import { PacedBody, workFor } from "./paced_body.ts";
import { readScope, SCOPE, strictObject } from "./parameters.ts";
import { badRequest, refuse } from "./refusals.ts";

const MEDIA_TYPES = { ndjson: "application/x-ndjson", csv: "text/csv; charset=utf-8" } as const;

const FORMAT = Type.Union([Type.Literal("ndjson"), Type.Literal("csv")], {
  default: "ndjson",
  expects: '"ndjson" or "csv"',
  description: "One JSON object a line, or CSV with a header line",
});

export function exportRoute(dependencies: ReadDependencies): Route {
  const { reading, log } = dependencies;
  const exportAll = defineOperation(dependencies, {
    id: "exportEntries",
    summary: "Every record that matches, in the order of ids",
    takesTicket: true,
    query: strictObject({ format: FORMAT, ...SCOPE }),
    answers: {
      200: {
        description: "Records, streamed",
        mediaType: ["application/x-ndjson", "text/csv"],
        schema: RecordSchema,
        headers: { "Content-Disposition": "attachment" },
      },
      ...SEARCH_REFUSALS,
      ...UNAVAILABLE,
    },
    async handle({ request, query: { format, ...bounds }, now }) {
      const scope = readScope(bounds, now);
      if (!scope.ok) return badRequest(scope.message);
      const { work, release } = workFor(request);
      const outcome = await reading.export({ format, scope: scope.value }, work.signal);
      if (!outcome.ok) {
        release();
        return refuse(outcome.refusal);
      }
      const body = new PacedBody({
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
        "content-type": MEDIA_TYPES[format],
        "content-disposition": `attachment; filename="simplelogs.${format}"`,
        "cache-control": "no-store",
      };
      return new Response(body.stream, { headers });
    },
  });
  return { path: "/api/v1/export", operations: { GET: exportAll } };
}
