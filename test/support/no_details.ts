// Nothing beside the blocks, for tests of questions about records.

import type { DetailsSource } from "../../src/query/responses/details.ts";

const NOTHING = () => [];

export const NO_DETAILS: DetailsSource = {
  touchpoints: NOTHING,
  registered: NOTHING,
  usageCounters: NOTHING,
  storage: NOTHING,
  monthBytes: NOTHING,
  rejections: NOTHING,
  waitingStarts: NOTHING,
  keyUse: NOTHING,
  ambiguousPairs: () => new Map(),
};
