// The page of alerts: the rules with their states, where they are told, and what fired in the chosen range. The address
// holds the open rule, or the form in place of all that.

import { useEffect, useMemo, useRef } from "preact/hooks";
import type { AlertsResponse, ShownRule } from "../../../core/alert_responses.ts";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import { useAlertHistory } from "../../api/alert_history.ts";
import { useMayChange, useQuery } from "../../api/server_context.ts";
import { AdminOnly } from "../../components/admin_only.tsx";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";
import { firingsOf, isFiring, isOfProject } from "../../state/firings.ts";
import { History } from "./history.tsx";
import { RuleForm } from "./rule_form.tsx";
import { RulePanel } from "./rule_panel.tsx";

/** How often states are refreshed, in ms. */
const POLL_MS = 5_000;
const HISTORY_POLL_MS = 15_000;
const NONE: readonly ShownRule[] = [];

export function AlertsPage() {
  const [form] = useParameter("form");
  if (form === "") return <AlertList />;
  return (
    <AdminOnly title="Alerts">
      <RuleForm key={form} isEdited={form === "edit"} />
    </AdminOnly>
  );
}

function AlertList() {
  const { project } = useScope();
  const mayChange = useMayChange();
  const query = useQuery("/api/v1/alerts", {}, { pollMs: POLL_MS });
  const history = useAlertHistory(true, HISTORY_POLL_MS);
  const { value: alerts } = query.state.value;
  const { value: changes } = history.query.state.value;
  const firings = useMemo(
    () => firingsOf(changes?.entries ?? [], alerts?.rules ?? [], project),
    [alerts, changes, project],
  );
  return (
    <Page
      title="Alerts"
      actions={
        mayChange ? (
          <Link page="alerts" parameters={{ form: "new" }} class="button primary">
            New alert
          </Link>
        ) : null
      }
    >
      <div class="alerts">
        <QueryView
          query={query}
          isEmpty={({ rules, destinations }) => rules.length + destinations.length === 0}
          empty={<NoRules />}
        >
          {({ rules, destinations }) => (
            <>
              <Rules
                rules={rules.filter((rule) => isOfProject(rule, project))}
                firings={firings}
                refresh={query.refresh}
              />
              {destinations.length === 0 ? null : <Destinations destinations={destinations} />}
            </>
          )}
        </QueryView>
        {history.mayRead ? (
          <QueryView query={history.query} isSecondary>
            {({ nextCursor }) => (
              <History
                firings={firings}
                rules={alerts?.rules ?? NONE}
                note={nextCursor === null ? "" : "There is more: choose a shorter time range."}
              />
            )}
          </QueryView>
        ) : (
          <History
            firings={firings}
            rules={alerts?.rules ?? NONE}
            note="What has resolved is in the project simplelogs, which you may not read."
          />
        )}
      </div>
    </Page>
  );
}

function NoRules() {
  const mayChange = useMayChange();
  return (
    <EmptyState title="No alert rules yet">
      {mayChange ? (
        <>
          Search for something in <Link page="logs">Logs</Link> or <Link page="timings">Timings</Link>, and choose{" "}
          <b>Make an alert</b>. Or write an <code>[[alerts]]</code> table into the configuration file.
        </>
      ) : (
        "The admin makes them."
      )}
    </EmptyState>
  );
}

interface RulesProps {
  readonly rules: readonly ShownRule[];
  readonly firings: Parameters<typeof RulePanel>[0]["firings"];
  readonly refresh: () => void;
}

/** What fires comes first, then what is about to, then what is unknown. */
function Rules({ rules, firings, refresh }: RulesProps) {
  const [open, setOpen] = useParameter("rule");
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // A link led here.
    list.current?.querySelector("[aria-expanded=true]")?.scrollIntoView({ block: "nearest" });
  }, []);
  const shown = rules.toSorted((a, b) => urgency(b) - urgency(a));
  const firing = rules.filter(isFiring).length;
  return (
    <section class="panel" aria-labelledby="alerts-rules">
      <div class="panel-head">
        <h2 id="alerts-rules">Rules</h2>
        <span class="hint number" role="status">
          {formatCountOf(rules.length, "rule")}, {formatCount(firing)} firing
        </span>
      </div>
      {rules.length === 0 ? <p class="muted">No rule looks at this project.</p> : null}
      <ul ref={list} class="alert-rules" aria-label="Rules, what fires first">
        {shown.map((rule) => (
          <RulePanel
            key={rule.name}
            rule={rule}
            firings={firings}
            isOpen={rule.name === open}
            onToggle={() => setOpen(rule.name === open ? "" : rule.name, "replace")}
            refresh={refresh}
          />
        ))}
      </ul>
    </section>
  );
}

const URGENCIES: Readonly<Record<ShownRule["state"], number>> = { firing: 4, recovering: 3, pending: 2, ok: 0 };

function urgency({ state, unknown }: ShownRule): number {
  return Math.max(URGENCIES[state], unknown === null ? 0 : 1);
}

type Destination = AlertsResponse["destinations"][number];

const DESTINATION_COLUMNS: readonly Column<Destination>[] = [
  { id: "name", header: "Destination", cell: ({ name }) => <b class="alert-text">{name}</b> },
  { id: "type", header: "Type", isMinor: true, cell: ({ type }) => type },
  { id: "url", header: "Address", isMinor: true, cell: ({ url }) => <span class="code alert-text">{url}</span> },
  {
    id: "waiting",
    header: "Waiting",
    hint: "Messages that wait to be sent",
    align: "end",
    cell: ({ waiting }) => formatCount(waiting),
  },
  {
    id: "problem",
    header: "Last problem",
    cell: ({ problem }) =>
      problem === null ? <span class="muted">none</span> : <span class="alert-text field-problem">{problem}</span>,
  },
];

function Destinations({ destinations }: { readonly destinations: readonly Destination[] }) {
  return (
    <section class="panel" aria-labelledby="alerts-destinations">
      <div class="panel-head">
        <h2 id="alerts-destinations">Destinations</h2>
      </div>
      <DataTable label="Destinations" columns={DESTINATION_COLUMNS} rows={destinations} rowKey={({ name }) => name} />
    </section>
  );
}
