// What fired in the chosen range: a lane for each rule with a bar from firing to resolved, and the same as a table.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { ShownRule } from "../../../core/alert_responses.ts";
import { shownValue } from "../../../core/alert_rule.ts";
import { formatCount } from "../../../core/format.ts";
import { DAY_MS } from "../../../core/limits.ts";
import { Button } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Badge, Instant } from "../../components/values.tsx";
import { WiderRange } from "../../components/wider_range.tsx";
import { useApp, useScope, useTimes } from "../../state/app_context.ts";
import { bandsOf, type Firing, firingText, lengthOf } from "../../state/firings.ts";
import { rangeBounds, rangeParameters } from "../../state/time_range.ts";
import { searchPlace } from "./rule_text.ts";

interface HistoryProps {
  /** Of the chosen range, newest first. */
  readonly firings: readonly Firing[];
  /** Those that there are, in their order. */
  readonly rules: readonly ShownRule[];
  /** What is not there. "": nothing. */
  readonly note: string;
}

/** The panel with the timeline and the table. */
export function History({ firings, rules, note }: HistoryProps) {
  return (
    <section class="panel" aria-labelledby="alerts-history">
      <div class="panel-head">
        <h2 id="alerts-history">History</h2>
      </div>
      {firings.length === 0 ? (
        <EmptyState title="Nothing fired in this time range">
          <WiderRange />
        </EmptyState>
      ) : (
        <>
          <Timeline firings={firings} rules={rules} />
          <FiringTable firings={firings} rules={rules} label="What fired, newest first" showsRule />
        </>
      )}
      {note === "" ? null : <p class="hint">{note}</p>}
    </section>
  );
}

/** Times that the axis names. */
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** For eyes alone: the table says the same. */
function Timeline({ firings, rules }: Pick<HistoryProps, "firings" | "rules">) {
  const { environment } = useApp();
  const { range } = useScope();
  const { second } = useTimes();
  const lanes = useMemo(() => {
    const names = [...rules.map(({ name }) => name), ...firings.map(({ rule }) => rule)];
    return [...new Set(names)].flatMap((rule) => {
      const its = firings.filter((firing) => firing.rule === rule);
      return its.length === 0 ? [] : [{ rule, firings: its }];
    });
  }, [firings, rules]);
  const now = environment.clock();
  const { from = firings.at(-1)?.from ?? now, to = now } = rangeBounds(range, now);
  return (
    <div class="alert-timeline" aria-hidden="true">
      {lanes.map(({ rule, firings }) => (
        <div key={rule} class="alert-lane">
          <span class="alert-lane-name" title={rule}>
            {rule}
          </span>
          <span class="alert-track">
            {bandsOf(firings, from, to).map(({ left, right, firings }) => (
              <span
                key={left}
                class={`alert-bar${firings.some(({ to }) => to === null) ? " is-open" : ""}`}
                style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }}
                title={firings.map((firing) => firingText(firing, second, now)).join("\n")}
              />
            ))}
          </span>
        </div>
      ))}
      <div class="alert-lane">
        <span class="alert-lane-name" />
        <span class="alert-axis number">
          {TICKS.map((share) => (
            <span key={share}>{second(from + (to - from) * share).slice(to - from > DAY_MS ? 5 : 11, 16)}</span>
          ))}
        </span>
      </div>
    </div>
  );
}

interface BeginProps {
  readonly firing: Firing;
  /** Undefined: it was deleted. */
  readonly rule: ShownRule | undefined;
}

/** When it fired: a link to what the rule found then. */
function Begin({ firing: { from, to, group }, rule }: BeginProps) {
  const time = <Instant time={from} />;
  if (rule === undefined) return time;
  const { page, parameters } = searchPlace(rule, group);
  const range = rangeParameters({ kind: "between", from: from - rule.windowMs, to: to ?? undefined });
  return (
    <Link page={page} parameters={{ ...parameters, ...range }} title="Show what was found">
      {time}
    </Link>
  );
}

/** Rows that are shown in the beginning, and added by each press. */
const ROWS_STEP = 20;

interface FiringTableProps {
  readonly firings: readonly Firing[];
  /** Those that there are. */
  readonly rules: readonly ShownRule[];
  readonly label: string;
  readonly showsRule?: boolean;
}

/** A row for each time that something fired. */
export function FiringTable({ firings, rules, label, showsRule = false }: FiringTableProps) {
  const { environment } = useApp();
  const rowsMax = useSignal(ROWS_STEP);
  const now = environment.clock();
  if (firings.length === 0) return <p class="muted">Nothing in this time range.</p>;
  const hasGroups = firings.some(({ group }) => group !== null);
  const left = firings.length - rowsMax.value;
  return (
    <>
      <DataTable
        label={label}
        columns={columnsOf(rules, showsRule, hasGroups, now)}
        rows={firings}
        rowKey={({ rule, group, from }) => JSON.stringify([rule, group, from])}
        rowsMax={rowsMax.value}
      />
      {left <= 0 ? null : (
        <Button
          onPress={() => {
            rowsMax.value += ROWS_STEP;
          }}
        >
          Show {formatCount(Math.min(ROWS_STEP, left))} more
        </Button>
      )}
    </>
  );
}

function columnsOf(
  rules: readonly ShownRule[],
  showsRule: boolean,
  hasGroups: boolean,
  now: number,
): readonly Column<Firing>[] {
  const rule: Column<Firing> = {
    id: "rule",
    header: "Rule",
    cell: ({ rule, group }) => (
      <span class="alert-text">
        <Link page="alerts" parameters={{ rule }}>
          {rule}
        </Link>
        {group === null ? null : <span class="muted"> {group}</span>}
      </span>
    ),
  };
  const group: Column<Firing> = {
    id: "group",
    header: "Group",
    cell: ({ group }) => <span class="alert-text">{group}</span>,
  };
  return [
    ...(showsRule ? [rule] : hasGroups ? [group] : []),
    {
      id: "from",
      header: "Fired",
      cell: (firing) => <Begin firing={firing} rule={rules.find(({ name }) => name === firing.rule)} />,
    },
    {
      id: "to",
      header: "Resolved",
      isMinor: true,
      cell: ({ to, isNow }) =>
        to !== null ? (
          <Instant time={to} />
        ) : isNow ? (
          <Badge tone="error">not yet</Badge>
        ) : (
          <span class="muted">later</span>
        ),
    },
    { id: "length", header: "For", align: "end", cell: (firing) => lengthOf(firing, now) ?? "–" },
    {
      id: "value",
      header: "Value",
      align: "end",
      isMinor: true,
      cell: ({ kind, value }) => (value === undefined ? <span class="muted">–</span> : shownValue(kind, value)),
    },
  ];
}
