// The link that makes an alert of a search. A reader has none.

import type { RuleKind } from "../../core/alert_rule.ts";
import { useMayChange } from "../api/server_context.ts";
import { Icon } from "./icon.tsx";
import { Link } from "./link.tsx";

interface AlertLinkProps {
  readonly kind: RuleKind;
  readonly q: string;
  /** Absent: the chosen one. */
  readonly project?: string;
  /** A pattern: the link is an icon then. Absent: it is of the page's search. */
  readonly of?: string;
}

/** Opens the form of a rule, filled from a search. */
export function AlertLink({ kind, q, project, of }: AlertLinkProps) {
  if (!useMayChange()) return null;
  return (
    <Link
      page="alerts"
      parameters={{ form: "new", kind, q, ...(project === undefined ? {} : { project }) }}
      class={of === undefined ? "button" : "icon-button"}
      title={`Make an alert of ${of ?? "this search"}`}
    >
      <Icon name="alerts" />
      <span class={of === undefined ? "" : "visually-hidden"}>
        Make an alert<span class="visually-hidden"> of {of ?? "this search"}</span>
      </span>
    </Link>
  );
}
