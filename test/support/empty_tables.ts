// No tables beside the blocks, for tests of queries over records.

import type { TablesSource } from "../../src/query/responses/tables.ts";

const NOTHING = () => [];

export const EMPTY_TABLES: TablesSource = {
  touchpoints: NOTHING,
  registered: NOTHING,
  usageCounters: NOTHING,
  storage: NOTHING,
  monthBytes: NOTHING,
  rejections: NOTHING,
  openStarts: NOTHING,
  keyUse: NOTHING,
  views: NOTHING,
  ambiguousPairs: () => new Map(),
};
