// A pattern as text with its masks marked, and as a link to its lines. Copying gives what a search takes.

import { patternParts } from "../../../../search/message_patterns.ts";
import { Link } from "../../../components/link.tsx";
import { Badge } from "../../../components/values.tsx";
import { type PatternRow, patternSearch } from "./pattern_rows.ts";

/** The pattern; each mask is marked. */
function PatternText({ pattern }: { readonly pattern: string }) {
  return (
    <>
      {patternParts(pattern).map(({ text, isMask }, at) =>
        isMask ? (
          <span key={at} class="pattern-mask">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </>
  );
}

interface NewBadgeProps {
  readonly row: PatternRow;
  /** What new means here. */
  readonly hint: string;
}

/** Says that a pattern is new in its range. Renders nothing for another one. */
export function NewBadge({ row, hint }: NewBadgeProps) {
  if (!row.isNew) return null;
  return (
    <>
      <Badge tone="warn" title={hint}>
        new
      </Badge>{" "}
    </>
  );
}

interface PatternLinkProps {
  readonly pattern: string;
  /** The search that the pattern was found in. */
  readonly search: string;
}

/** The pattern as a link to its lines. */
export function PatternLink({ pattern, search }: PatternLinkProps) {
  return (
    <Link
      page="logs"
      parameters={{ q: patternSearch(search, pattern) }}
      class="pattern-link code"
      title="Show the lines with this pattern"
    >
      <PatternText pattern={pattern} />
    </Link>
  );
}
