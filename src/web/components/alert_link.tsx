// The link that makes an alert of a search. A reader has none.

import type { RuleKind } from "../../core/alert_rule.ts";
import { useMayChange } from "../api/server_context.ts";
import { Link } from "./link.tsx";

interface AlertLinkProps {
  readonly kind: RuleKind;
  readonly q: string;
  /** Absent: the chosen one. */
  readonly project?: string;
  /** What the search is of, for screen readers: "pattern a". */
  readonly of?: string;
  readonly class?: string;
}

/** Opens the form of a rule, filled from a search. */
export function AlertLink({ kind, q, project, of, class: className = "button" }: AlertLinkProps) {
  if (!useMayChange()) return null;
  return (
    <Link
      page="alerts"
      parameters={{ form: "new", kind, q, ...(project === undefined ? {} : { project }) }}
      class={className}
      title="Make an alert of this search"
    >
      Alert
      <span class="visually-hidden"> {of ?? "on this search"}</span>
    </Link>
  );
}
