// The list of records with its keyboard control: one line is active and opens with Enter. It stays in place while
// records arrive above it.

import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import { useUsage } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { EmptyState, ProblemNotice, ScanNotice, Skeleton, SlowNotice } from "../../components/notice.tsx";
import { VirtualList, type VirtualListHandle } from "../../components/virtual_list.tsx";
import { WiderRange } from "../../components/wider_range.tsx";
import { useApp, useParameter, useScope, useShortcut } from "../../state/app_context.ts";
import { ColumnHeads } from "./columns.tsx";
import { OLDEST_FIRST } from "./order.tsx";
import type { RecordList } from "./record_list.ts";
import { RecordRow, rowId } from "./record_row.tsx";
import { parseNear } from "./surroundings.ts";
import type { Records } from "./use_records.ts";

/** Height of a line before it is measured, in px. */
const LINE_PX = 28;
/** Scrolled further than this, the user is reading and new records wait, in px. */
const AWAY_PX = 40;

/** The list of records, or why there is none. */
export function RecordView({ records }: { readonly records: Records }) {
  const { announcer } = useApp();
  const { list, isStale, problem, isAway, waiting, reload } = records;
  const [wrap] = useParameter("wrap");
  const [columns] = useParameter("columns");
  const handle = useRef<VirtualListHandle | null>(null);
  void list.version.value;
  const count = list.isReady ? list.count : undefined;
  const isEmpty = count === 0 && !list.hasMore;
  useEffect(() => {
    if (count === undefined || isStale || list.problem !== undefined) return;
    announcer.say(count === 0 ? "No records" : `${formatCountOf(count, "record")}${list.hasMore ? " loaded" : ""}`);
  }, [list, count === undefined, isStale]);
  const showNew = () => {
    isAway.value = false;
    handle.current?.scrollTo(0, "start");
  };
  // The search bar shows the problem of a search.
  if (list.problem?.kind === "refused" && list.count === 0) return null;
  if (problem !== undefined && list.count === 0) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!list.isReady) {
    return (
      <div class="logs-list logs-loading" aria-busy="true">
        <SlowNotice onStop={records.cancel} />
        <Skeleton lines={12} />
      </div>
    );
  }
  return (
    <div
      class="logs-list"
      data-stale={isStale}
      data-wrap={wrap !== ""}
      data-columns={columns !== ""}
      aria-busy={isStale}
    >
      <ScanNotice notes={list.notes} />
      {isStale && problem === undefined ? <SlowNotice onStop={records.cancel} /> : null}
      {isStale && problem !== undefined ? <ProblemNotice problem={problem} onRetry={reload} isStale /> : null}
      {waiting.value > 0 && isAway.value ? (
        <div class="logs-new">
          <Button tone="primary" onPress={showNew}>
            {`${formatCountOf(waiting.value, "new record")} ↑`}
          </Button>
        </div>
      ) : null}
      {isEmpty ? (
        <NothingFound />
      ) : (
        <>
          <ColumnHeads />
          <Lines records={records} list={list} handle={handle} />
        </>
      )}
    </div>
  );
}

interface LinesProps {
  readonly records: Records;
  readonly list: RecordList;
  readonly handle: { current: VirtualListHandle | null };
}

function Lines({ records, list, handle }: LinesProps) {
  const { isAway } = records;
  const { project } = useScope();
  const usage = useUsage();
  const [openText, setOpen] = useParameter("open");
  const [wrap] = useParameter("wrap");
  const [order] = useParameter("order");
  const [near] = useParameter("near");
  const markedId = parseNear(near)?.id;
  const openId = openText === "" ? undefined : Number(openText);
  const active = useSignal<number | undefined>(openId);
  const wantsFocus = useRef(false);
  const showsProject = project === "" && (usage.value?.storage.length ?? 0) > 1;
  const { count } = list;
  const activeIndex = active.value === undefined ? -1 : list.indexOf(active.value);

  const moveTo = (index: number) => {
    const next = Math.min(Math.max(index, 0), count - 1);
    const id = list.idAt(next);
    if (id === undefined) return;
    wantsFocus.current = true;
    active.value = id;
    handle.current?.scrollTo(next);
  };
  const close = () => {
    // What had the focus within the record is gone: its line takes it.
    wantsFocus.current = document.activeElement?.closest(".logs-details") instanceof Element;
    if (wantsFocus.current) active.value = openId;
    setOpen("", "replace");
  };
  const toggle = (id: number) => {
    if (openId === id) close();
    else setOpen(String(id), "replace");
    active.value = id;
  };
  // The line exists only after the list has scrolled to it.
  useLayoutEffect(() => {
    if (!wantsFocus.current || active.value === undefined) return;
    const line = document.getElementById(rowId(active.value));
    if (line === null) return;
    wantsFocus.current = false;
    line.focus({ preventScroll: true });
  });
  // Scrolls to a linked record in the list.
  useEffect(() => {
    const shown = markedId ?? openId;
    const index = shown === undefined ? -1 : list.indexOf(shown);
    if (index > 0) handle.current?.scrollTo(index, "center");
  }, [list, markedId]);
  // A marker of the chart opens a record that may be far away.
  useEffect(() => {
    if (openId === undefined || active.peek() === openId) return;
    active.value = openId;
    const index = list.indexOf(openId);
    if (index > 0) handle.current?.scrollTo(index, "center");
  }, [list, openId]);
  const toggleActive = () => {
    if (active.value !== undefined) toggle(active.value);
  };
  useShortcut("j", "Next record", () => moveTo(activeIndex + 1));
  useShortcut("k", "Previous record", () => moveTo(activeIndex - 1));
  useShortcut("Enter", "Open or close the record", toggleActive);
  useShortcut("Escape", "Close the record", close);
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    const isLine = target instanceof Element && target.matches(".logs-chevron, .virtual-list");
    const turned = key === "ArrowRight" ? "open" : key === "ArrowLeft" ? "closed" : undefined;
    if (isLine && turned !== undefined && active.value !== undefined) {
      if ((openId === active.value) !== (turned === "open")) toggle(active.value);
      return;
    }
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: activeIndex + 1,
      ArrowUp: activeIndex - 1,
      Home: 0,
      End: count - 1,
    };
    const next = steps[key];
    if (!isLine || next === undefined) return;
    event.preventDefault();
    moveTo(next);
  };
  const scroll = (event: Event) => {
    if (event.target instanceof Element && event.target.matches(".virtual-list")) {
      isAway.value = event.target.scrollTop > AWAY_PX;
    }
  };
  const loadMore = useCallback(() => {
    list.see(list.count, list.count);
    if (list.problem === undefined && list.notes.stoppedEarly === undefined) void list.loadMore();
  }, [list]);
  // One function for the life of the list: a new one makes the list read every key again.
  const itemKey = useCallback((index: number) => list.idAt(index) ?? "end", [list]);

  return (
    <div class="logs-lines" onKeyDown={press} onScrollCapture={scroll}>
      <VirtualList
        label={`Records, ${order === OLDEST_FIRST ? "oldest" : "newest"} first`}
        count={count + 1}
        estimatePx={LINE_PX}
        itemKey={itemKey}
        handle={handle}
        pinnedKey={openId}
        onEndInView={loadMore}
        render={(index) => {
          const id = list.idAt(index);
          if (id === undefined) return <ListEnd list={list} reload={records.reload} />;
          const record = list.recordAt(index);
          if (record === undefined) return <MissingLine list={list} index={index} />;
          return (
            <RecordRow
              record={record}
              isOpen={id === openId}
              isMarked={id === markedId}
              isActive={id === active.value || (activeIndex === -1 && index === 0)}
              showsProject={showsProject}
              isWrapped={wrap !== ""}
              onToggle={() => toggle(id)}
            />
          );
        }}
      />
    </div>
  );
}

/** A record of an evicted page. The page loads as soon as the line is in view. */
function MissingLine({ list, index }: { readonly list: RecordList; readonly index: number }) {
  const isEvicted = list.isEvicted(index);
  useEffect(() => list.see(index, index), [list, index, isEvicted]);
  return <div class="logs-missing muted">{isEvicted ? "Loading…" : "This record is no longer stored."}</div>;
}

function ListEnd({ list, reload }: { readonly list: RecordList; readonly reload: () => void }) {
  const { problem, hasMore, isCut, notes, count } = list;
  if (problem !== undefined) return <ProblemNotice problem={problem} onRetry={() => void list.loadMore()} />;
  if (isCut) {
    return (
      <div class="logs-end">
        Older records are hidden while so many arrive. <Button onPress={reload}>Load them</Button>
      </div>
    );
  }
  if (hasMore && notes.stoppedEarly !== undefined && !list.isLoading) {
    return (
      <div class="logs-end">
        <Button onPress={() => void list.loadMore()}>Continue the search</Button>
      </div>
    );
  }
  return <div class="logs-end">{hasMore ? "Loading more…" : `${formatCount(count)} in all`}</div>;
}

function NothingFound() {
  const [search, setSearch] = useParameter("q");
  return (
    <EmptyState title="No records">
      <p>
        {search === "" ? "Nothing was logged in this time range." : "No record in this time range matches the search."}
      </p>
      <WiderRange />
      {search === "" ? null : <Button onPress={() => setSearch("")}>Clear the search</Button>}
    </EmptyState>
  );
}
