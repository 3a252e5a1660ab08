import type { QueryOutcome, QueryRequest } from "../../src/core/queries.ts";
import { runSteps } from "../../src/core/steps.ts";
import { type EngineOptions, querySteps } from "../../src/query/engine.ts";

/** All steps of a query at once. */
export function runQuery(request: QueryRequest, options: EngineOptions): QueryOutcome<object> {
  return runSteps(querySteps(request, options));
}
