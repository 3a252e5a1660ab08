// Erasures where a cluster has records too: first in the cluster, then in the data file, and nothing is shipped
// meanwhile. So what fails in the cluster leaves the data file as it is, and what is erased is not shipped afterwards.
// In: requests. Out: one outcome each, which says what is not erased. One erasure runs at a time.

import type { EraseReport } from "../../core/account_responses.ts";
import type { ChangeOutcome, ChangeRequest } from "../../core/changes.ts";
import { formatCountOf } from "../../core/format.ts";
import { parseSearch } from "../../search/parser.ts";
import type { Shipping } from "./shipping.ts";

type EraseRequest = Extract<ChangeRequest, { readonly kind: "erase" }>;

type EraseLocally = (request: EraseRequest) => Promise<ChangeOutcome>;

/** What erases in the cluster. */
type ShippedEraser = Pick<Shipping, "erase" | "release">;

const NOTHING_LOCAL: EraseReport = { records: 0, blocks: 0, rejections: 0, waiting: 0 };

/** Of one server. */
export class Erasures {
  readonly #shipping: ShippedEraser;
  #last: Promise<unknown> = Promise.resolve();

  constructor(shipping: ShippedEraser) {
    this.#shipping = shipping;
  }

  /** `eraseLocally` erases in the data file. Never rejects, as long as that does not. */
  erase(request: EraseRequest, eraseLocally: EraseLocally): Promise<ChangeOutcome> {
    const outcome = this.#last.then(() => this.#erase(request, eraseLocally));
    this.#last = outcome;
    return outcome;
  }

  async #erase(request: EraseRequest, eraseLocally: EraseLocally): Promise<ChangeOutcome> {
    const { scope } = request;
    const parsed = parseSearch(scope.q, scope.timeZone);
    if (!parsed.ok) return { ok: false, refusal: { code: "bad_query", ...parsed.problem } };
    const shipped = await this.#shipping.erase(scope);
    if (!shipped.isErased) {
      this.#shipping.release();
      const left = shipped.isBegun
        ? "Erased in ClickHouse at most in part, and not in the data file: erase again"
        : "Nothing was erased, since ClickHouse has the records too";
      return unavailable(`${left}: ${shipped.message}`);
    }
    const local = await eraseLocally({ ...request, touchpointsElsewhere: shipped.touchpoints });
    const wasHeld = this.#shipping.release();
    if (!local.ok) {
      const { code, message } = local.refusal;
      // Other nodes may have it.
      if (code === "unknown_project" && shipped.hasProject) return erased(NOTHING_LOCAL, shipped.records);
      if (code === "unknown_project") return local;
      const records = formatCountOf(shipped.records, "record");
      return unavailable(`${records} erased in ClickHouse, but not all in the data file: erase again: ${message}`);
    }
    if (!wasHeld) return unavailable("Shipping began again meanwhile, so some records may be left: erase again");
    return erased(local.erased ?? NOTHING_LOCAL, shipped.records);
  }
}

function erased(report: EraseReport, shipped: number): ChangeOutcome {
  return { ok: true, erased: { ...report, shipped } };
}

function unavailable(message: string): ChangeOutcome {
  return { ok: false, refusal: { code: "unavailable", message } };
}
