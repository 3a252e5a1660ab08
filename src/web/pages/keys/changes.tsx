// How often a refused key is still tried.

import { formatCountOf } from "../../../core/format.ts";
import type { KeyPart } from "../../../core/key_changes.ts";
import type { RefusalRow } from "../../../core/refusals.ts";
import { useQuery } from "../../api/server_context.ts";
import { Instant } from "../../components/values.tsx";

export const KEYS_PATH = "/api/v1/keys";
/** As many as the server holds. */
const REFUSALS_MAX = 500;
/** How often the dialog looks whether a key is still tried, in ms. */
const TRIED_POLL_MS = 2_000;

/** How often a pair's revoked keys, or one of them, were tried since the server started. */
export function triesOf(rows: readonly RefusalRow[], name: string, part: KeyPart): number {
  return triesRows(rows, name, part).reduce((sum, { count }) => sum + count, 0);
}

function triesRows(rows: readonly RefusalRow[], name: string, part: KeyPart): readonly RefusalRow[] {
  return rows.filter(
    ({ apiKey, isRevoked, keyType }) =>
      isRevoked && apiKey === name && (part === "both" || keyType === null || keyType === part),
  );
}

interface StillTriedProps {
  readonly name: string;
  readonly part: KeyPart;
  /** Tries that were counted before. */
  readonly before: number;
}

/** Says how often the keys were tried since they are refused, and goes on counting. */
export function StillTried({ name, part, before }: StillTriedProps) {
  const query = useQuery("/api/v1/refusals", { limit: REFUSALS_MAX }, { pollMs: TRIED_POLL_MS });
  const rows = query.state.value.value?.refusals;
  if (rows === undefined) return null;
  const count = triesOf(rows, name, part) - before;
  const last = Math.max(0, ...triesRows(rows, name, part).map((row) => row.last));
  return (
    <p role="status">
      {count <= 0 ? (
        "Not tried since."
      ) : (
        <>
          <b>Still tried {formatCountOf(count, "time")} since</b>, last <Instant time={last} />. The page Refused says
          from where.
        </>
      )}
    </p>
  );
}
