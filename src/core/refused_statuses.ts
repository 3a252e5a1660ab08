// The statuses of refused batches, without the schemas that use them: the app reads these at run time, and TypeBox must
// not come along.

/** As POST /api/v1/enqueue answers them. Other protocols may answer another. */
export const REFUSED_STATUSES = [400, 401, 403, 413, 415, 422, 429, 500, 503] as const;
export type RefusedStatus = (typeof REFUSED_STATUSES)[number];
