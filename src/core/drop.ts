// Reasons for which an entry of an accepted request is not stored, in the order in which the writer tests them.
// "invalid" is a record of another protocol that cannot become an entry, and "ignored" one that is of no kind that is
// stored. "internal" is a batch that crashed the writer twice. Every dropped entry is counted under its reason, and
// listed under rejections unless it is ignored.

export const DROP_REASONS = [
  "invalid",
  "ignored",
  "empty",
  "invalid_time",
  "too_deep",
  "negative_duration",
  "too_old",
  "in_future",
  "duplicate",
  "quota",
  "internal",
] as const;

export type DropReason = (typeof DROP_REASONS)[number];
