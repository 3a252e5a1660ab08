// The records of two stores as one: of the data file what is not yet in the history, and of the history the rest. In
// between lies one id of this data file, read before anything else of a query. So no record is missing and none comes
// twice, whatever is shipped meanwhile: what is in the history stays in the data file for longer than any query lasts.

import type { Steps } from "../../core/steps.ts";
import type { RecordPage } from "./record_page.ts";
import type { Coverage, ProjectSpan, QueryLimits, Records, Visitor } from "./records.ts";
import type { Scope } from "./scope.ts";

export class JoinedRecords implements Records {
  readonly #local: Records;
  readonly #history: Records;
  readonly #shippedUpTo: number;

  /**
   * @param local the records of the data file. @param history all others, and of the data file those up to `shippedUpTo`.
   * @param shippedUpTo an id as it is shown.
   */
  constructor(local: Records, history: Records, shippedUpTo: number) {
    this.#local = local;
    this.#history = history;
    this.#shippedUpTo = shippedUpTo;
  }

  *projects(limits: QueryLimits): Steps<readonly string[]> {
    const names = [...(yield* this.#local.projects(limits)), ...(yield* this.#history.projects(limits))];
    return [...new Set(names)].sort();
  }

  *spans(limits: QueryLimits, scope: Scope): Steps<readonly ProjectSpan[]> {
    const local = yield* this.#local.spans(limits, this.#unshipped(scope));
    return [...local, ...(yield* this.#history.spans(limits, scope))];
  }

  /** Local ones first: what the history has to give is known then. */
  *scan(limits: QueryLimits, scopes: readonly Scope[], coverage: Coverage, visitor: Visitor): Steps<void> {
    const local = scopes.map((scope) => this.#unshipped(scope));
    yield* this.#local.scan(limits, local, coverage, visitor);
    if (coverage.stoppedEarly === undefined) yield* this.#history.scan(limits, scopes, coverage, visitor);
  }

  *firstReceived(limits: QueryLimits): Steps<number | undefined> {
    const local = yield* this.#local.firstReceived(limits);
    const history = yield* this.#history.firstReceived(limits);
    return local === undefined || history === undefined ? (local ?? history) : Math.min(local, history);
  }

  *page(limits: QueryLimits, scope: Scope, page: RecordPage, coverage: Coverage): Steps<number | undefined> {
    const { direction } = page.order;
    const local = yield* this.#local.page(limits, this.#unshipped(scope), page, coverage);
    const history = yield* this.#history.page(limits, scope, page, coverage);
    if (local === undefined || history === undefined) return local ?? history;
    return direction * Math.min(direction * local, direction * history);
  }

  #unshipped(scope: Scope): Scope {
    return { ...scope, afterId: this.#shippedUpTo };
  }
}
