// Reasons for which an entry of an accepted request is not stored, in the order in which the writer tests them.
// "internal" is a batch that crashed the writer twice. Every dropped entry is counted under its reason and listed under
// rejections.

export const DROP_REASONS = [
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
