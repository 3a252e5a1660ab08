// Small labels with a tone. A tone never stands alone: the word says the same.

import type { ComponentChildren } from "preact";
import type { Level } from "../../core/entry.ts";
import type { TimingStatus } from "../../core/record.ts";

export type Tone = "neutral" | "info" | "good" | "warn" | "error" | "timing";

interface BadgeProps {
  readonly tone?: Tone;
  readonly title?: string;
  readonly children: ComponentChildren;
}

export function Badge({ tone = "neutral", title, children }: BadgeProps) {
  return (
    <span class={`badge tone-${tone}`} title={title}>
      {children}
    </span>
  );
}

const LEVEL_TONES: Readonly<Record<Level, Tone>> = { debug: "neutral", info: "info", warn: "warn", error: "error" };

export function LevelBadge({ level }: { readonly level: Level }) {
  return <Badge tone={LEVEL_TONES[level]}>{level}</Badge>;
}

const STATUS_TONES: Readonly<Record<TimingStatus, Tone>> = {
  completed: "timing",
  started: "neutral",
  unfinished: "warn",
  orphaned: "warn",
};

export function StatusBadge({ status }: { readonly status: TimingStatus }) {
  return <Badge tone={STATUS_TONES[status]}>{status}</Badge>;
}
