// The record that was received last in a window. Alerts ask it at a start, and after the clock was set: until when the
// server before them received, and which records are of a time that comes once more. Zone maps answer, but for blocks
// that lie in the window in part. Asked of the data file alone: what is not evaluated yet is still in it.

import type { LatestReceivedResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { allOf, type Term } from "../../search/expression.ts";
import { Coverage } from "../scan/records.ts";
import { type BlockContext, candidateBlocks, visitBlock } from "../scan/scan.ts";
import { isMatch } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";

/** Finds it; @param after not included, and `upTo`, included, Unix ms. */
export function* latestReceivedResponse(
  context: BlockContext,
  scope: Scope,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Steps<LatestReceivedResponse> {
  const ranges = [{ min: after, max: upTo, isMinIncluded: false, isMaxIncluded: true }];
  const window: Term = { kind: "number", field: "receivedAt", ranges };
  const inWindow = { ...scope, search: allOf([window, scope.search]) };
  const coverage = new Coverage();
  let latest: { receivedAt: number; id: number } | null = null;
  const note = (receivedAt: number, id: number) => {
    latest = { receivedAt: Math.max(receivedAt, latest?.receivedAt ?? after), id: Math.max(id, latest?.id ?? 0) };
  };
  context.source.begin();
  try {
    for (const block of candidateBlocks(context, inWindow)) {
      const { receivedMin, receivedMax, idMax, records } = block;
      if (records === 0) continue;
      if (scope.search.kind === "all" && receivedMin > after && receivedMax <= upTo) {
        note(receivedMax, idMax);
        continue;
      }
      yield* visitBlock(context, inWindow, block, coverage, function* (scanned) {
        const matches = yield* scanned.matches();
        if (matches === "none") return;
        const opened = yield* scanned.open();
        const [ids, received] = [opened.id(), opened.received()];
        for (let row = 0; row < opened.count; row++) {
          if (isMatch(matches, row)) note(received[row] as number, ids[row] as number);
        }
      });
    }
  } finally {
    context.source.end();
  }
  return { latest };
}
