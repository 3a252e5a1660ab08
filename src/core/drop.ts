// Why an admitted request's entry is not stored. In the order in which the worker tests them; "internal" is a batch that
// brought the writer down twice. Every drop is counted under its reason and shown under rejections.

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
