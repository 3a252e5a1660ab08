// The strip under the header. It is there only when somebody should look: the server does not answer, cannot store,
// drops entries of accepted batches, refuses batches, an alert fires, or its data file is nearly full.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { FileSpace } from "../../core/account_responses.ts";
import type { ShownRule } from "../../core/alert_responses.ts";
import { formatBytes, formatCount, formatCountOf } from "../../core/format.ts";
import type { RefusalRow } from "../../core/refusals.ts";
import { useCombinedQuery, useQuery, useServer, useUsage, useViewer } from "../api/server_context.ts";
import { Button } from "../components/button.tsx";
import { Icon } from "../components/icon.tsx";
import { Link } from "../components/link.tsx";
import { formatShare } from "../components/values.tsx";
import { useApp, useScope, useTimes } from "../state/app_context.ts";
import {
  type DroppingProject,
  droppingProjects,
  firingRules,
  firingSince,
  highDiskShare,
  keyText,
  recentRefusals,
  unhidden,
} from "../state/attention.ts";
import { readSetting, writeSetting } from "../state/browser.ts";

const POLL_MS = 15_000;
/** Groups of refused batches, and projects, that the strip names. */
const NAMED_MAX = 2;
/** The latest dropped entries that are looked at. */
const REJECTIONS_LOOKED_AT = 50;
const HIDDEN_SETTING = "simplelogs.refused_hidden_at";

/** Renders nothing when all is well. */
export function Strip() {
  const { connection, environment, announcer } = useApp();
  const { refreshes } = useServer();
  const times = useTimes();
  const lostSinceMs = connection.lostSinceMs.value;
  useEffect(
    () =>
      connection.start(() => {
        announcer.say("The server answers again");
        refreshes.value++;
      }),
    [connection, announcer, refreshes],
  );
  useEffect(() => {
    if (lostSinceMs !== undefined) announcer.say("The server does not answer");
  }, [announcer, lostSinceMs]);
  const lost =
    lostSinceMs === undefined ? null : (
      <Item tone="error" end={<Button onPress={() => connection.check()}>Try again</Button>}>
        <strong>The server has not answered since {times.second(lostSinceMs)}.</strong> What is shown is old data.
      </Item>
    );
  const items = useItems(environment.clock());
  if (lost === null && items.length === 0) return null;
  return (
    <section class="strip" aria-label="Attention">
      <ul>{lost ?? items}</ul>
    </section>
  );
}

function useItems(now: number): readonly ComponentChildren[] {
  const { project } = useScope();
  const isAdmin = useViewer()?.isAdmin === true;
  const status = useQuery("/api/v1/status", {}, { pollMs: POLL_MS }).state.value.value;
  const refused = useQuery("/api/v1/refusals", isAdmin ? { limit: 500 } : undefined, { pollMs: POLL_MS }).state.value
    .value;
  const hiddenAt = useSignal(Number(readSetting(window, HIDDEN_SETTING) ?? 0));
  const hide = () => {
    hiddenAt.value = now;
    writeSetting(window, HIDDEN_SETTING, String(now));
  };
  const dropping = useDropping(now);
  const rows = unhidden(recentRefusals(refused?.refusals ?? [], project), hiddenAt.value, now);
  const firing = firingRules(useServer().alerts.state.value.value?.rules ?? [], project);
  const items: ComponentChildren[] = [];
  if (status?.ready === false) items.push(<Unready key="ready" reason={status.reason} />);
  if (firing.length > 0) items.push(<Firing key="firing" rules={firing} />);
  if (dropping.length > 0) items.push(<Dropping key="dropping" projects={dropping} />);
  if (rows.length > 0) items.push(<Refused key="refused" rows={rows} onHide={hide} />);
  const storage = status?.storage ?? null;
  if (storage !== null) {
    const share = highDiskShare(storage);
    if (share !== undefined) items.push(<Disk key="disk" storage={storage} share={share} />);
  }
  return items;
}

/** Looks at the latest dropped entries whenever the counters say that there are further ones. */
function useDropping(now: number): readonly DroppingProject[] {
  const { api } = useServer();
  const { project } = useScope();
  const { value: usage } = useUsage();
  const total = (usage?.usage ?? []).reduce(
    (sum, { dropped }) => sum + Object.values(dropped).reduce((all, count) => all + count, 0),
    0,
  );
  const key = total === 0 ? undefined : `dropped ${project} ${total}`;
  const query = useCombinedQuery(key, (signal) =>
    api.get("/api/v1/rejections", { project, limit: REJECTIONS_LOOKED_AT }, signal),
  );
  const latest = query.state.value.value?.rejections ?? [];
  return usage === undefined ? [] : droppingProjects(usage, latest, project, now);
}

interface ItemProps {
  readonly tone: "warn" | "error";
  readonly end?: ComponentChildren;
  readonly children: ComponentChildren;
}

function Item({ tone, end, children }: ItemProps) {
  return (
    <li class={`strip-item tone-${tone}`}>
      <Icon name="rejections" />
      <span class="strip-text">{children}</span>
      {end}
    </li>
  );
}

function Unready({ reason }: { readonly reason: string | null }) {
  return (
    <Item tone="error" end={<Link page="storage">Storage</Link>}>
      <strong>The server takes no batches.</strong> {reason}
    </Item>
  );
}

function Firing({ rules }: { readonly rules: readonly ShownRule[] }) {
  const times = useTimes();
  const named = rules.slice(0, NAMED_MAX);
  return (
    <Item
      tone="error"
      end={
        <Link page="alerts" parameters={{ rule: rules.length === 1 ? rules[0]?.name : undefined }}>
          Alerts
        </Link>
      }
    >
      <strong>
        {rules.length === 1 ? "An alert is firing." : `${formatCountOf(rules.length, "alert")} are firing.`}
      </strong>{" "}
      {named.map((rule) => `${rule.name} since ${times.second(firingSince(rule))}`).join("; ")}
      {rules.length > named.length ? `; ${more(rules.length - named.length, "other").toLowerCase()}` : "."}
    </Item>
  );
}

function Dropping({ projects }: { readonly projects: readonly DroppingProject[] }) {
  const named = projects.slice(0, NAMED_MAX);
  const [only] = projects.length === 1 ? projects : [];
  const parameters = only === undefined ? {} : { project: only.project };
  return (
    <Item
      tone="error"
      end={
        <Link page="rejections" parameters={parameters}>
          Rejections
        </Link>
      }
    >
      <strong>Entries are dropped.</strong>{" "}
      {named.map(({ project, reasons }) => {
        const counts = reasons.map(([reason, count]) => `${reason} ${formatCount(count)}`).join(", ");
        return `Project ${project}: ${counts} this month. `;
      })}
      {more(projects.length - named.length, "more project")}
    </Item>
  );
}

function Refused({ rows, onHide }: { readonly rows: readonly RefusalRow[]; readonly onHide: () => void }) {
  const total = rows.reduce((sum, { lastDay }) => sum + lastDay, 0);
  const named = rows.slice(0, NAMED_MAX);
  const others = rows.slice(NAMED_MAX).reduce((sum, { lastDay }) => sum + lastDay, 0);
  return (
    <Item
      tone="warn"
      end={
        <>
          <Link page="refused">Refused</Link>
          <Button onPress={onHide} title="Until there are other ones, for a day at most">
            Hide
          </Button>
        </>
      }
    >
      <strong>
        {formatCount(total)} {total === 1 ? "batch was" : "batches were"} refused in the last day.
      </strong>{" "}
      {named.map((row) => refusedText(row)).join("; ")}
      {others === 0 ? "." : `; and ${formatCountOf(others, "other")}.`}
    </Item>
  );
}

function refusedText(row: RefusalRow): string {
  const from = row.origin === null ? "" : ` from ${row.origin}`;
  return `${formatCount(row.lastDay)} with ${row.status}: ${keyText(row)}${from}`;
}

function Disk({ storage, share }: { readonly storage: FileSpace; readonly share: number }) {
  return (
    <Item tone="warn" end={<Link page="storage">Storage</Link>}>
      <strong>The data file is {formatShare(share)} full.</strong> {formatBytes(storage.bytesOnDisk)} of{" "}
      {formatBytes(storage.bytesMax)}; when it is full, the oldest data is deleted.
    </Item>
  );
}

function more(count: number, word: string): string {
  return count > 0 ? `And ${formatCountOf(count, word)}.` : "";
}
