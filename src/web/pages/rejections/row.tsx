// One dropped entry: why it was dropped and what helps; opened, the entry as it was sent.

import { useId } from "preact/hooks";
import type { RejectionRow } from "../../../core/responses.ts";
import { Badge } from "../../components/badge.tsx";
import { CopyButton } from "../../components/copy_button.tsx";
import { Icon } from "../../components/icon.tsx";
import { Instant } from "../../components/time.tsx";
import { JsonTree } from "./json_tree.tsx";
import { entryTitle, REASON_TEXTS } from "./reasons.ts";

const TITLE_LENGTH_MAX = 200;

interface RejectionProps {
  readonly row: RejectionRow;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

export function Rejection({ row, isOpen, onToggle }: RejectionProps) {
  const id = useId();
  const { reason, receivedAt, project, apiKey, hint, entry } = row;
  return (
    <li class="rejections-row" data-open={isOpen}>
      <button
        type="button"
        class="rejections-head"
        data-rejection=""
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={onToggle}
      >
        <Icon name="chevron" />
        <Instant time={receivedAt} />
        <span>
          <Badge tone={reason === "duplicate" ? "neutral" : reason === "internal" ? "error" : "warn"}>{reason}</Badge>
        </span>
        <span class="muted rejections-origin">
          {project} · {apiKey}
        </span>
        <span class="rejections-title">{entryTitle(entry).slice(0, TITLE_LENGTH_MAX)}</span>
      </button>
      {isOpen ? (
        <div id={id} class="rejections-detail">
          <p>
            <strong class="rejections-why">Why: {REASON_TEXTS[reason]}.</strong> {hint}
          </p>
          <p class="muted">
            Sent into project {project} with the keys of {apiKey}.
          </p>
          <div class="rejections-entry">
            <div class="rejections-entry-head">
              <h2 class="rejections-caption">
                {Array.isArray(entry) ? "The entries as they were sent" : "The entry as it was sent"}
              </h2>
              <CopyButton
                text={typeof entry === "string" ? entry : JSON.stringify(entry, null, 2)}
                label="Copy the entry as JSON"
              />
            </div>
            {typeof entry === "string" ? (
              <>
                <p class="hint">It was too long to keep whole: this is its beginning.</p>
                <pre class="rejections-text">{entry}</pre>
              </>
            ) : (
              <JsonTree label="Entry" value={entry} />
            )}
          </div>
        </div>
      ) : null}
    </li>
  );
}
