// The records of the page: a search enters, a growing list leaves, with the records of a live tail at the top. While
// the user reads further down or has paused, new records wait and are counted.

import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { ShownRecord } from "../../../core/record.ts";
import { useServer } from "../../api/server_context.ts";
import type { Tail, TailBatch } from "../../api/tail.ts";
import type { Problem, QueryParameters } from "../../state/query.ts";
import { type FetchPage, LIVE_RECORDS_MAX, RecordList } from "./record_list.ts";

/** The records of the page, and what a live tail adds. */
export interface Records {
  readonly list: RecordList;
  /** The list belongs to an earlier search; the first page of this one is loading. */
  readonly isStale: boolean;
  /** Why the latest page of this search failed. */
  readonly problem: Problem | undefined;
  readonly tail: Tail;
  /** How many new records are not in the list yet. */
  readonly waiting: ReadonlySignal<number>;
  /** How many records the tail skipped. */
  readonly missed: ReadonlySignal<number>;
  /** Whether the user reads further down. */
  readonly isAway: Signal<boolean>;
  /** Loads everything again. */
  readonly reload: () => void;
  /** Gives up the page that loads. */
  readonly cancel: () => void;
}

export interface RecordsQuery {
  /** The scope and the search. */
  readonly parameters: QueryParameters;
  /** Whether a live tail runs. */
  readonly isFollowing: boolean;
  readonly isPaused: boolean;
  /** Records of the tail before this time are ignored. Unix ms. */
  readonly timeMin: number | undefined;
  /** Gives the pages in place of a search. `parameters` tell one list from another. */
  readonly fetchPage?: FetchPage;
}

/** The records of a search. Subscribes the component to the list. */
export function useRecords({ parameters, isFollowing, isPaused, timeMin, fetchPage }: RecordsQuery): Records {
  const server = useServer();
  const { api, refreshes } = server;
  const reloads = useSignal(0);
  const waiting = useSignal(0);
  const missed = useSignal(0);
  const isAway = useSignal(false);
  const held = useRef<readonly ShownRecord[]>([]);
  const version = reloads.value + refreshes.value;
  const key = JSON.stringify([parameters, isFollowing, version]);
  const list = useMemo(
    () =>
      new RecordList(
        fetchPage ?? ((cursor, limit, signal) => api.get("/api/v1/entries", { ...parameters, limit, cursor }, signal)),
      ),
    [key],
  );
  const isHolding = isPaused || isAway.value;
  const latest = useRef({ list, isHolding, timeMin });
  latest.current = { list, isHolding, timeMin };
  const reload = () => {
    reloads.value++;
  };

  const tail = useMemo(
    () =>
      server.createTail((batch: TailBatch) => {
        const { list, isHolding, timeMin = Number.NEGATIVE_INFINITY } = latest.current;
        missed.value += batch.missed;
        const records = batch.records.filter(({ time }) => time >= timeMin);
        if (!isHolding && held.current.length === 0) list.prepend(records);
        else {
          held.current = [...held.current, ...records].slice(-LIVE_RECORDS_MAX);
          waiting.value += records.length;
        }
      }),
    [server],
  );

  useEffect(() => {
    held.current = [];
    waiting.value = 0;
    missed.value = 0;
    if (!isFollowing) {
      void list.loadMore();
      return () => list.stop();
    }
    const { project, q } = parameters;
    tail.start({ ...(project === undefined ? {} : { project: String(project) }), q: String(q ?? "") });
    let isAsked = false;
    // Load pages only after the tail is connected: records stored from then on come from the tail, so none is missed.
    const stopWatching = tail.state.subscribe((state) => {
      if (isAsked || (state === "connecting" && tail.problem.peek() === undefined)) return;
      isAsked = true;
      void list.loadMore();
    });
    return () => {
      stopWatching();
      tail.stop();
      list.stop();
    };
  }, [list]);

  useEffect(() => {
    if (isHolding || waiting.value === 0) return;
    const records = held.current;
    const isWhole = records.length === waiting.peek();
    held.current = [];
    waiting.value = 0;
    if (isWhole) list.prepend(records);
    else reload();
  }, [isHolding, waiting.value, list]);

  // The previous list stays until the new one has something to show.
  const shown = useRef(list);
  void list.version.value;
  const { problem } = list;
  const isFailed = problem !== undefined && problem.kind !== "refused" && list.count === 0;
  if (list.isReady && !isFailed) shown.current = list;
  const isStale = shown.current !== list;
  const cancel = () => list.cancel();
  return { list: shown.current, isStale, problem, tail, waiting, missed, isAway, reload, cancel };
}
