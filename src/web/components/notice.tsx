// Messages beside the data: a box with a tone, a sentence and perhaps a button. And the states of a place without data:
// empty, or loading.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { formatCountOf, formatDuration } from "../../core/format.ts";
import type { ScanWarnings } from "../../core/responses.ts";
import { useApp } from "../state/app_context.ts";
import type { Problem } from "../state/query.ts";
import { useNow } from "../state/use_now.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

interface NoticeProps {
  readonly tone: "info" | "good" | "warn" | "error";
  readonly title?: string;
  /** A button at the end of the box. */
  readonly action?: { readonly label: string; readonly run: () => void };
  readonly children?: ComponentChildren;
}

const TONE_NAMES = { info: "Note", good: "Done", warn: "Attention", error: "Error" } as const;

/** A message in a box. An error interrupts a screen reader; other tones wait. */
export function Notice({ tone, title, action, children }: NoticeProps) {
  return (
    <div class={`notice tone-${tone}`} role={tone === "error" ? "alert" : "status"}>
      <div class="notice-text">
        <span class="visually-hidden">{TONE_NAMES[tone]}: </span>
        {title === undefined ? null : <strong>{title}</strong>}
        {children}
      </div>
      {action === undefined ? null : <Button onPress={action.run}>{action.label}</Button>}
    </div>
  );
}

interface ProblemNoticeProps {
  readonly problem: Problem;
  readonly onRetry?: () => void;
  /** An older response is still shown below. */
  readonly isStale?: boolean;
}

const TONES: Partial<Record<Problem["kind"], NoticeProps["tone"]>> = { refused: "warn", stopped: "info" };

/** Says why a request failed, and offers to try again. */
export function ProblemNotice({ problem, onRetry, isStale }: ProblemNoticeProps) {
  if (problem.kind === "aborted" || problem.kind === "signed_out") return null;
  const retry =
    onRetry === undefined || problem.kind === "refused" ? {} : { action: { label: "Try again", run: onRetry } };
  return (
    <Notice tone={TONES[problem.kind] ?? "error"} {...retry}>
      {problem.message}
      {isStale === true ? " Showing the previous response." : null}
    </Notice>
  );
}

/** A request that takes longer is worth a word, in ms. */
const SLOW_MS = 2_000;

/** Says that a request still runs, and for how long, once that is long; with a button that gives it up. */
export function SlowNotice({ onStop }: { readonly onStop: () => void }) {
  const { clock } = useApp().environment;
  const startedAt = useMemo(() => clock(), [clock]);
  const elapsedMs = useNow(1_000) - startedAt;
  if (elapsedMs < SLOW_MS) return null;
  return (
    <p class="slow-notice">
      <span class="number">Still searching, for {formatDuration(Math.floor(elapsedMs / 1_000) * 1_000)}</span>
      <Button onPress={onStop}>Stop</Button>
    </p>
  );
}

/** Says that a response covers only a part of the records. Renders nothing for a complete one. */
export function ScanNotice({ notes }: { readonly notes: ScanWarnings }) {
  const { stoppedEarly, damagedBlocks = 0 } = notes;
  return (
    <>
      {stoppedEarly === undefined ? null : (
        <Notice tone="warn" title="Only a part was searched. ">
          {stoppedEarly}
        </Notice>
      )}
      {damagedBlocks === 0 ? null : (
        <Notice tone="warn">
          {formatCountOf(damagedBlocks, "damaged block")} skipped. <code>simplelogs doctor</code> lists them.
        </Notice>
      )}
    </>
  );
}

interface MoreNoticeProps {
  /** How many are not listed. Absent in the responses of older servers. */
  readonly more: number | undefined;
  /** The singular: "touchpoint". */
  readonly what: string;
}

/** Says how many rows a list leaves out. Renders nothing for a complete one. */
export function MoreNotice({ more = 0, what }: MoreNoticeProps) {
  return more === 0 ? null : <p class="hint">and {formatCountOf(more, `more ${what}`)}</p>;
}

interface EmptyStateProps {
  readonly title: string;
  /** What the user can do. */
  readonly children?: ComponentChildren;
}

/** Stands where there is nothing to show, without an error. */
export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div class="empty-state">
      <Icon name="search" />
      <p class="empty-title">{title}</p>
      {children === undefined ? null : <div class="empty-text">{children}</div>}
    </div>
  );
}

/** Grey lines while something loads. They appear after a moment, so a quick response does not flicker. */
export function Skeleton({ lines = 6 }: { readonly lines?: number }) {
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}
