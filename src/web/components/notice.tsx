// What the reader has to know beside the data: in a box, with a tone, a sentence and perhaps something to do. And the states
// that a place can be in when it has no data.

import type { ComponentChildren } from "preact";
import { formatCountOf } from "../../core/format.ts";
import type { ScanWarnings } from "../../core/responses.ts";
import type { Problem } from "../state/query.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

interface NoticeProps {
  readonly tone: "info" | "good" | "warn" | "error";
  readonly title?: string;
  /** A button at the end. */
  readonly action?: { readonly label: string; readonly run: () => void };
  readonly children?: ComponentChildren;
}

const TONE_NAMES = { info: "Note", good: "Done", warn: "Attention", error: "Error" } as const;

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
  /** What still stands below is older than it should be. */
  readonly isStale?: boolean;
}

/** Why there is no answer, and a way to ask again. */
export function ProblemNotice({ problem, onRetry, isStale }: ProblemNoticeProps) {
  if (problem.kind === "aborted" || problem.kind === "signed_out") return null;
  const retry =
    onRetry === undefined || problem.kind === "refused" ? {} : { action: { label: "Try again", run: onRetry } };
  return (
    <Notice tone={problem.kind === "refused" ? "warn" : "error"} {...retry}>
      {problem.message}
      {isStale === true ? " What is shown is the answer before." : null}
    </Notice>
  );
}

/** Says that an answer covers only a part. Nothing where it covers everything. */
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
          {formatCountOf(damagedBlocks, "damaged block")} left out. <code>simplelogs doctor</code> says which.
        </Notice>
      )}
    </>
  );
}

interface MoreNoticeProps {
  /** How many are not listed; a server of before says nothing. */
  readonly more: number | undefined;
  /** One of them: "touchpoint". */
  readonly what: string;
}

/** Says that a list has an end. Nothing where it is whole. */
export function MoreNotice({ more = 0, what }: MoreNoticeProps) {
  return more === 0 ? null : <p class="hint">and {formatCountOf(more, `more ${what}`)}</p>;
}

interface EmptyStateProps {
  readonly title: string;
  /** What to do about it. */
  readonly children?: ComponentChildren;
}

/** Where there is nothing to show, and that is no mistake. */
export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div class="empty-state">
      <Icon name="search" />
      <p class="empty-title">{title}</p>
      {children === undefined ? null : <div class="empty-text">{children}</div>}
    </div>
  );
}

/** Grey lines in place of what is being loaded; they come after a moment, so that a quick answer does not flicker. */
export function Skeleton({ lines = 6 }: { readonly lines?: number }) {
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}
