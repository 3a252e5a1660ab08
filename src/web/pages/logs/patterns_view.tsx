// The patterns of the messages that a search finds: how often each came, when, at which levels, whether it is new in
// this range, and one of its records. Each leads to its lines, and can be excluded.

import { useMemo } from "preact/hooks";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import type { PatternsResponse } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { EmptyState, MoreNotice, Notice, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { formatShare, Instant, LevelBadge, Sparkline } from "../../components/values.tsx";
import { WiderRange } from "../../components/wider_range.tsx";
import { useApp, useParameter, useScope } from "../../state/app_context.ts";
import type { QueryParameters } from "../../state/query.ts";
import { hasTerm, withoutTerm, withTerm } from "../../state/search_text.ts";
import { rangeBounds } from "../../state/time_range.ts";
import {
  levelsOf,
  newHint,
  PATTERN_ORDERS,
  type PatternRow,
  patternRows,
  patternSearch,
} from "./patterns/pattern_rows.ts";
import { NewBadge, PatternLink } from "./patterns/pattern_text.tsx";
import { RecordRow } from "./record_row.tsx";
import { ViewSwitch } from "./view_switch.tsx";

/** Patterns of one response: more than anyone reads. */
const PATTERNS_MAX = 300;
const ERRORS = "level:error";

/** The toolbar and the list. `parameters`: the scope and the search. */
export function PatternsView({ parameters }: { readonly parameters: QueryParameters }) {
  const { range } = useScope();
  const { environment } = useApp();
  const [order] = useParameter("sort");
  const [only] = useParameter("only");
  // A range without a beginning has none before it.
  const canCompare = rangeBounds(range, environment.clock()).from !== undefined;
  const compare = canCompare ? { compare: "previous" } : {};
  const query = useQuery("/api/v1/patterns", { ...parameters, ...compare, limit: PATTERNS_MAX });
  const { value } = query.state.value;
  const areNewOnly = canCompare && only === "new";
  const rows = useMemo(
    () => (value === undefined ? [] : patternRows(value, order, areNewOnly)),
    [value, order, areNewOnly],
  );
  return (
    <>
      <PatternToolbar response={value} canCompare={canCompare} />
      {query.state.value.problem?.kind === "refused" ? null : (
        <div class="patterns-list">
          <QueryView
            query={query}
            isEmpty={({ patterns, stoppedEarly }) => patterns.length === 0 && stoppedEarly === undefined}
            empty={<NothingFound />}
          >
            {(response) => (
              <>
                <ScanNotice notes={response} />
                {rows.length === 0 ? <EmptyState title="No pattern is new in this range" /> : null}
                <PatternList response={response} rows={rows} />
                <MoreNotice more={response.more} what="pattern" />
              </>
            )}
          </QueryView>
        </div>
      )}
    </>
  );
}

interface PatternToolbarProps {
  /** Undefined: not known yet. */
  readonly response: PatternsResponse | undefined;
  readonly canCompare: boolean;
}

function PatternToolbar({ response, canCompare }: PatternToolbarProps) {
  const [search, setSearch] = useParameter("q");
  const [order, setOrder] = useParameter("sort");
  const [only, setOnly] = useParameter("only");
  const areErrors = hasTerm(search, ERRORS);
  const newCount = response === undefined ? 0 : patternRows(response, "", true).length;
  return (
    <div class="logs-toolbar">
      <ViewSwitch />
      <Button
        isPressed={areErrors}
        onPress={() => setSearch(areErrors ? withoutTerm(search, ERRORS) : withTerm(search, ERRORS))}
      >
        Errors only
      </Button>
      <Button
        isPressed={canCompare && only === "new"}
        isDisabled={!canCompare}
        onPress={() => setOnly(only === "new" ? "" : "new", "replace")}
        title={
          canCompare
            ? "Patterns that no message had in the range before, which is as long"
            : "Needs a time range with a beginning"
        }
      >
        New in this range{response === undefined || !canCompare ? "" : ` (${formatCount(newCount)})`}
      </Button>
      <label class="patterns-order">
        <span class="muted">Order</span>
        <select class="field" value={order} onChange={(event) => setOrder(event.currentTarget.value, "replace")}>
          {PATTERN_ORDERS.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <span class="logs-total number muted">
        {response === undefined
          ? ""
          : `${formatCountOf(response.patterns.length + response.more, "pattern")} of ${formatCountOf(response.count, "message")}`}
      </span>
    </div>
  );
}

function NothingFound() {
  const [search, setSearch] = useParameter("q");
  return (
    <EmptyState title="No messages">
      <p>
        {search === ""
          ? "No record of this time range has a message."
          : "No record of this time range that matches the search has a message."}
      </p>
      <WiderRange />
      {search === "" ? null : <Button onPress={() => setSearch("")}>Clear the search</Button>}
    </EmptyState>
  );
}

interface PatternListProps {
  readonly response: PatternsResponse;
  readonly rows: readonly PatternRow[];
}

function PatternList({ response, rows }: PatternListProps) {
  const { count } = response;
  return (
    <ul class="patterns" aria-label="Patterns of messages" onKeyDown={moveBetweenPatterns}>
      {rows.map((row) => (
        <PatternLine key={row.pattern} row={row} total={count} hint={newHint(response)} />
      ))}
    </ul>
  );
}

interface PatternLineProps {
  readonly row: PatternRow;
  /** Messages in all. */
  readonly total: number;
  /** Of a new one. */
  readonly hint: string;
}

function PatternLine({ row, total, hint }: PatternLineProps) {
  const [search, setSearch] = useParameter("q");
  const [open, setOpen] = useParameter("open");
  const { pattern, count, counts, first, last, example } = row;
  const id = String(example.id);
  const isOpen = open === id;
  return (
    <li class="pattern">
      <div class="pattern-line">
        <span class="pattern-count">
          <b class="number">{formatCount(count)}</b>{" "}
          <span class="number muted">{formatShare(total === 0 ? 0 : count / total)}</span>
        </span>
        <span class="pattern-trend">
          <Sparkline values={counts} label="How many came over the time range" />
        </span>
        <span class="pattern-text">
          <NewBadge row={row} hint={hint} />
          <LevelCounts row={row} />
          <PatternLink pattern={pattern} search={search} />
        </span>
        <span class="pattern-times">
          <span>
            <span class="muted">first </span>
            <Instant time={first} />
          </span>
          <span>
            <span class="muted">last </span>
            <Instant time={last} />
          </span>
        </span>
        <span class="pattern-actions">
          <Button isPressed={isOpen} onPress={() => setOpen(isOpen ? "" : id, "replace")}>
            Example
          </Button>
          <Button
            onPress={() => setSearch(patternSearch(search, pattern, true))}
            title="Leave the messages with this pattern out of the search"
          >
            Exclude
          </Button>
        </span>
      </div>
      {isOpen ? <Example id={example.id} onClose={() => setOpen("", "replace")} /> : null}
    </li>
  );
}

function LevelCounts({ row }: { readonly row: PatternRow }) {
  const levels = levelsOf(row);
  return (
    <>
      {levels.map(([level, count]) => (
        <span key={level} class="pattern-level">
          <LevelBadge level={level} />{" "}
          {levels.length === 1 && count === row.count ? null : (
            <span class="number muted">{formatCount(count)}</span>
          )}{" "}
        </span>
      ))}
    </>
  );
}

/** A record with the pattern, open. */
function Example({ id, onClose }: { readonly id: number; readonly onClose: () => void }) {
  const query = useQuery("/api/v1/entries", { q: `id:${id}`, limit: 1 });
  return (
    <div class="pattern-example">
      <QueryView query={query}>
        {({ entries: [record] }) =>
          record === undefined ? (
            <Notice tone="warn">Record {id} was deleted.</Notice>
          ) : (
            <RecordRow record={record} isOpen isActive showsProject onToggle={onClose} />
          )
        }
      </QueryView>
    </div>
  );
}

/** Moves the focus from a control of one pattern to the same one of the next or previous pattern. */
function moveBetweenPatterns(event: KeyboardEvent): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const { target, currentTarget } = event;
  if (step === 0 || !(target instanceof Element) || !(currentTarget instanceof Element)) return;
  const line = target.closest(".pattern-line");
  if (line === null) return;
  const lines = [...currentTarget.querySelectorAll(".pattern-line")];
  const controlsOf = (one: Element | undefined) => [...(one?.querySelectorAll<HTMLElement>("a, button") ?? [])];
  const next = controlsOf(lines[lines.indexOf(line) + step])[controlsOf(line).indexOf(target as HTMLElement)];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
