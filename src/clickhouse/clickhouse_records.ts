// The records of ClickHouse, as queries read them. In: scopes, and what is counted of them. Out: partial results of the
// same kind as local blocks give. What SQL can count, it counts there. Records of which SQL cannot tell whether they
// match are fetched and given to the visitor as a block in memory, whose evaluator decides.

import { systemClock } from "../core/clock.ts";
import { TIME_MS_MAX } from "../core/limits.ts";
import { type ShownRecord, showRecord } from "../core/record.ts";
import { type Steps, waitFor } from "../core/steps.ts";
import type { HistoryRecords } from "../query/engine.ts";
import { matchRows } from "../query/match/evaluate.ts";
import type { CountedAsk } from "../query/scan/counted.ts";
import { placeOfId } from "../query/scan/ids.ts";
import type { Place } from "../query/scan/page_order.ts";
import { textLengthOf } from "../query/scan/query_memory.ts";
import type { RecordPage } from "../query/scan/record_page.ts";
import {
  type Coverage,
  HistoryError,
  type ProjectSpan,
  type QueryLimits,
  type RecordStream,
  type Visitor,
} from "../query/scan/records.ts";
import { ScannedBlock } from "../query/scan/scanned_block.ts";
import type { Scope } from "../query/scan/scope.ts";
import { StatisticsCache } from "../query/scan/statistics_cache.ts";
import { type Condition, isExact } from "./condition.ts";
import { countStatement } from "./count_sql.ts";
import { ClickHouseError, isTableMissing } from "./errors.ts";
import { type FoundRecord, memoryBlock, READ_COLUMN_COUNT, READ_COLUMNS, recordOf } from "./found_records.ts";
import { decidedCondition } from "./measured_sql.ts";
import { type MinuteAsk, minuteStatement, openStatement } from "./minute_sql.ts";
import { PAGE_ORDER, type PageWindow, windowCondition, windowEdges } from "./page_sql.ts";
import type { Row } from "./rows.ts";
import { RECORDS } from "./schema.ts";
import { pageConditions, type Readable, scopeCondition } from "./scope_sql.ts";
import { searchCondition } from "./search_sql.ts";
import { spansStatement } from "./span_sql.ts";
import { SqlParameters } from "./sql_parameters.ts";

/** Asks ClickHouse; client.ts does. */
export interface RowSource {
  /** Rows as they come, some at a time. Ending the loop early, or the signal, ends the query on the server. */
  stream(
    sql: string,
    parameters: SqlParameters["values"],
    options: {
      readonly signal: AbortSignal;
      readonly timeMsMax?: number | undefined;
      readonly memoryMax?: number | undefined;
    },
  ): AsyncGenerator<Row[]>;
}

export interface ClickHouseRecordsOptions extends Readable {
  readonly client: RowSource;
  /** Every project with records, but for those of the data file. The signal ends the request. */
  readonly projects: (signal: AbortSignal) => Promise<readonly string[]>;
}

/** Records that one block in memory has, and characters of their texts, about. */
const BLOCK_ROWS = 8_192;
const BLOCK_LENGTH = 4 * 1024 * 1024;
/** The most rows that are fetched at once for a page whose search SQL cannot decide. */
const PAGE_ROWS_MAX = 10_000;

/** Memory that one query may take on a ClickHouse server, in bytes: enough for a million different values. */
const SERVER_BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** Ids of one window of an export, at least and at most; and characters of its texts from which windows get smaller. */
const WINDOW_IDS_MIN = 8_192;
const WINDOW_IDS_MAX = 262_144;
const WINDOW_LENGTH = 16 * 1024 * 1024;

/** Of an export: how long one request is read, and how long whoever takes its rows may pause; ms. A server closes both. */
const WINDOW_MS_MAX = 20_000;
const PAUSE_MS_MAX = 5_000;

/** The query's time or memory is over on the server. */
class StoppedError extends HistoryError {}

/** There is no table of records. */
class NoTableError extends HistoryError {}

export class ClickHouseRecords implements HistoryRecords {
  readonly #options: ClickHouseRecordsOptions;

  constructor(options: ClickHouseRecordsOptions) {
    this.#options = options;
  }

  *projects(_limits?: QueryLimits): Steps<readonly string[]> {
    const { visible, projects, ownProjects } = this.#options;
    const abort = new AbortController();
    try {
      const all = [...new Set([...(yield* this.#settled(projects(abort.signal))), ...ownProjects])].sort();
      return visible === undefined ? all : all.filter((project) => visible.includes(project));
    } finally {
      abort.abort();
    }
  }

  *spans(limits: QueryLimits, scope: Scope): Steps<readonly ProjectSpan[]> {
    const parameters = new SqlParameters();
    const projects = scope.project === undefined ? yield* this.projects() : [scope.project];
    const spans: ProjectSpan[] = [];
    const sql = spansStatement(scope, projects, this.#options, parameters);
    if (sql === undefined) return spans;
    yield* this.#eachRow(limits, sql, parameters, ([project, timeMin, timeMax]) => {
      spans.push({ project: project as string, timeMin: timeMin as number, timeMax: timeMax as number });
    });
    return spans;
  }

  *firstReceived(limits: QueryLimits): Steps<number | undefined> {
    const parameters = new SqlParameters();
    const own = parameters.unsigned(this.#options.node);
    const sql = `SELECT count(), min(received_at) FROM ${RECORDS} WHERE node = ${own}`;
    let first: number | undefined;
    yield* this.#eachRow(limits, sql, parameters, ([count, least]) => {
      first = (count as number) > 0 ? (least as number) : undefined;
    });
    return first;
  }

  *scan(limits: QueryLimits, scopes: readonly Scope[], coverage: Coverage, visitor: Visitor): Steps<void> {
    try {
      for (const [index, scope] of scopes.entries()) yield* this.#scanScope(limits, scope, index, visitor);
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
      coverage.stoppedEarly = `${error.message}; narrow the time range or the search`;
    }
  }

  /**
   * A window of time at a time, from the page's first on, so that parts of the table with other times are not opened.
   * Within one, ClickHouse reads in the page's order and stops.
   */
  *page(limits: QueryLimits, scope: Scope, page: RecordPage): Steps<number | undefined> {
    let { after } = page;
    const { direction } = page.order;
    const edges = windowEdges(direction, after.time, scope, systemClock());
    try {
      const projects = scope.project === undefined ? yield* this.projects() : [scope.project];
      let edge = edges.shift();
      for (let size = page.wanted; page.reaches(after); ) {
        const last = yield* this.#pageRows(limits, scope, page, { projects, after, edge, size });
        if (last !== undefined) {
          after = last;
          size = Math.min(2 * size, PAGE_ROWS_MAX);
        } else if (edge === undefined) return undefined;
        else {
          after = { time: edge, id: direction === 1 ? Number.POSITIVE_INFINITY : 0 };
          edge = edges.shift();
        }
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
      return direction === 1 ? Math.max(after.time, scope.from, 0) : Math.min(after.time, scope.to, TIME_MS_MAX);
    }
  }

  /**
   * A window of ids at a time, by which the index on ids leaves out the rest. Whoever takes the records may do so as
   * slowly as they like: a request that has lasted for long is given up, and what is left of its window asked for anew.
   */
  *inOrder(limits: QueryLimits, scope: Scope, after: number, upTo: number): RecordStream {
    const { clock } = limits;
    for (const { node, first, last } of yield* this.#idSpans(limits, scope, after, upTo)) {
      let width = WINDOW_IDS_MIN;
      for (let from = first; from <= last; ) {
        const begun = clock();
        let next = Math.min(last, from + width - 1) + 1;
        let length = 0;
        for (const found of this.#window(limits, scope, node, from, next - 1)) {
          const given = clock();
          yield found;
          if (found instanceof Promise) continue;
          for (const record of found) length += textLengthOf(record);
          const end = found.at(-1);
          if (end === undefined || (clock() - given < PAUSE_MS_MAX && clock() - begun < WINDOW_MS_MAX)) continue;
          next = placeOfId(end.id).id + 1;
          break;
        }
        from = next;
        width = length < WINDOW_LENGTH ? Math.min(2 * width, WINDOW_IDS_MAX) : Math.max(width >> 1, 1);
      }
    }
  }

  /** By node, the lowest and the highest of the ids between two, as the nodes gave them. */
  *#idSpans(
    limits: QueryLimits,
    scope: Scope,
    after: number,
    upTo: number,
  ): Generator<Promise<void>, { readonly node: number; readonly first: number; readonly last: number }[]> {
    const parameters = new SqlParameters();
    const spans: { node: number; first: number; last: number }[] = [];
    const steps = this.#askSpans(limits, scope, [after, upTo], parameters, spans);
    for (const step of steps) if (step !== undefined) yield step;
    return spans;
  }

  *#askSpans(
    limits: QueryLimits,
    scope: Scope,
    [after, upTo]: readonly [number, number],
    parameters: SqlParameters,
    spans: { node: number; first: number; last: number }[],
  ): Steps<void> {
    const { maybe } = yield* this.#condition({ ...scope, search: { kind: "all" } }, parameters);
    const between = searchCondition(
      { kind: "number", field: "id", ranges: [{ min: after, max: upTo, isMinIncluded: false, isMaxIncluded: true }] },
      parameters,
    ).sure;
    const sql = `SELECT node, min(id), max(id) FROM ${RECORDS} WHERE ${maybe} AND ${between} GROUP BY node ORDER BY node`;
    yield* this.#eachRow(limits, sql, parameters, (row) => {
      const [node, first, last] = row as [number, number, number];
      spans.push({ node, first, last });
    });
  }

  *#window(limits: QueryLimits, scope: Scope, node: number, from: number, to: number): RecordStream {
    const ready: ShownRecord[][] = [];
    const steps = this.#askWindow(limits, scope, { node, from, to }, ready);
    for (const step of steps) {
      if (step !== undefined) yield step;
      for (let next = ready.shift(); next !== undefined; next = ready.shift()) yield next;
    }
    yield* ready;
  }

  *#askWindow(
    limits: QueryLimits,
    scope: Scope,
    { node, from, to }: { readonly node: number; readonly from: number; readonly to: number },
    ready: ShownRecord[][],
  ): Steps<void> {
    const parameters = new SqlParameters();
    const condition = yield* this.#condition(scope, parameters);
    const sql =
      `${selected(condition)} WHERE ${condition.maybe} AND node = ${parameters.unsigned(node)} AND ` +
      `id >= ${parameters.unsigned(from)} AND id <= ${parameters.unsigned(to)} ORDER BY id`;
    yield* this.#rows(limits, sql, parameters, function* (rows) {
      const matching = matchingRecords(rows, scope);
      matching.sort((a, b) => a.record.id - b.record.id);
      ready.push(matching.map(({ project, record }) => showRecord(project, record)));
      yield undefined;
      return true;
    });
  }

  *#condition(scope: Scope, parameters: SqlParameters): Steps<Condition> {
    const projects = scope.project === undefined ? yield* this.projects() : [];
    return scopeCondition(scope, projects, this.#options, parameters);
  }

  *#scanScope(limits: QueryLimits, scope: Scope, index: number, visitor: Visitor): Steps<void> {
    const { counted } = visitor;
    if (counted === undefined) {
      yield* this.#visitRecords(limits, scope, index, visitor, ({ maybe }) => maybe);
      return;
    }
    const isOfMinutes = counted.kind === "levels" || counted.kind === "values";
    if (isOfMinutes && (yield* this.#countMinutes(limits, scope, index, counted))) return;
    const isAllCounted = yield* this.#count(limits, scope, index, counted);
    if (isAllCounted) return;
    yield* this.#visitRecords(limits, scope, index, visitor, ({ sure, maybe }) => `${maybe} AND NOT (${sure})`);
  }

  /** Counts from the counts of minutes. False, and nothing counted, where these do not decide. */
  *#countMinutes(limits: QueryLimits, scope: Scope, index: number, counted: MinuteAsk["counted"]): Steps<boolean> {
    const projects = scope.project === undefined ? yield* this.projects() : [];
    const ask: MinuteAsk = { counted, scope, index, projects, readable: this.#options };
    const parameters = new SqlParameters();
    const minutes = minuteStatement(ask, parameters);
    if (minutes === undefined) return false;
    yield* this.#eachRow(limits, minutes.sql, parameters, minutes.take);
    const open = minutes.count();
    if (open === undefined) return false;
    if (open.length === 0) return true;
    const more = new SqlParameters();
    const { sql, take } = openStatement(ask, open, more);
    yield* this.#eachRow(limits, sql, more, take);
    return true;
  }

  /** Counts the records that match for sure. Returns whether these are all. */
  *#count(limits: QueryLimits, scope: Scope, index: number, counted: CountedAsk): Steps<boolean> {
    const parameters = new SqlParameters();
    const condition = decided(counted, yield* this.#condition(scope, parameters), parameters);
    const statement = countStatement(counted, index, condition, parameters);
    let isAnyUnsure = statement.isUnsure;
    yield* this.#eachRow(limits, statement.sql, parameters, (row) => {
      if (!statement.add(row)) isAnyUnsure = true;
    });
    statement.end?.();
    return !isAnyUnsure;
  }

  /** Gives records to the visitor, in blocks. */
  *#visitRecords(
    limits: QueryLimits,
    scope: Scope,
    index: number,
    { visit, counted }: Visitor,
    where: (condition: Condition) => string,
  ): Steps<void> {
    const parameters = new SqlParameters();
    const condition = decided(counted, yield* this.#condition(scope, parameters), parameters);
    const held = new Map<string, FoundRecord[]>();
    let count = 0;
    let length = 0;
    const shared = { cache: new StatisticsCache(), memory: limits.memory };
    const flush = function* (): Steps<void> {
      for (const [project, found] of held) {
        const { block, chunks } = memoryBlock(
          project,
          found.map(({ record }) => record),
        );
        yield* visit(new ScannedBlock(block, chunks, scope, shared), index);
        limits.memory.closeBlock();
      }
      held.clear();
      count = 0;
      length = 0;
    };
    const sql = `SELECT ${READ_COLUMNS} FROM ${RECORDS} WHERE ${where(condition)}`;
    yield* this.#rows(limits, sql, parameters, function* (rows) {
      for (const row of rows) {
        const found = recordOf(row);
        addTo(held, found);
        count++;
        length += found.record.message?.length ?? 0;
        if (count >= BLOCK_ROWS || length >= BLOCK_LENGTH) yield* flush();
      }
      return true;
    });
    yield* flush();
  }

  /** Adds records of a window. Returns the place of the last one that was read; undefined where it has no more. */
  *#pageRows(limits: QueryLimits, scope: Scope, page: RecordPage, window: PageWindow): Steps<Place | undefined> {
    const parameters = new SqlParameters();
    const { direction } = page.order;
    const conditions = pageConditions(scope, window.projects, this.#options, parameters);
    if (conditions.length === 0) return undefined;
    const within = windowCondition(window, direction, parameters);
    const first = `ORDER BY ${PAGE_ORDER[direction]} LIMIT ${parameters.unsigned(window.size)}`;
    const ofProjects = conditions.map((one) => `${selected(one)} WHERE ${one.maybe} AND ${within} ${first}`);
    const [only = ""] = ofProjects;
    const sql = ofProjects.length === 1 ? only : `SELECT * FROM (${ofProjects.join(" UNION ALL ")}) ${first}`;
    let read = 0;
    let last: Place | undefined;
    yield* this.#rows(limits, sql, parameters, function* (rows) {
      const matching = matchingRecords(rows, scope);
      page.addRecords(matching.map(({ project, record }) => showRecord(project, record)));
      read += rows.length;
      const end = rows.at(-1);
      if (end !== undefined) {
        const { time, id } = recordOf(end).record;
        last = { time, id };
      }
      yield undefined;
      return last === undefined || page.reaches(last);
    });
    return read < window.size && (last === undefined || page.reaches(last)) ? undefined : last;
  }

  /** Runs a statement and takes all of its rows. Throws StoppedError. */
  *#eachRow(limits: QueryLimits, sql: string, parameters: SqlParameters, take: (row: Row) => void): Steps<void> {
    yield* this.#rows(limits, sql, parameters, function* (rows) {
      for (const row of rows) take(row);
      yield undefined;
      return true;
    });
  }

  /** Runs a statement. `take` gets the rows as they come, and says whether it wants more. Throws StoppedError. */
  *#rows(
    { deadline, clock }: QueryLimits,
    sql: string,
    parameters: SqlParameters,
    take: (rows: Row[]) => Steps<boolean>,
  ): Steps<void> {
    const left = deadline - clock();
    if (left <= 0) throw new StoppedError("the time limit was reached before ClickHouse was asked");
    const abort = new AbortController();
    const timeMsMax = Number.isFinite(left) ? Math.ceil(left) : undefined;
    const stream = this.#options.client.stream(sql, parameters.values, {
      signal: abort.signal,
      timeMsMax,
      memoryMax: SERVER_BYTES_MAX,
    });
    try {
      for (;;) {
        const next = yield* this.#settled(stream.next());
        if (next.done === true || !(yield* take(next.value))) return;
      }
    } catch (error) {
      // The tables are made before the first batch is shipped.
      const isNothingShipped = placeOfId(this.#options.shippedUpTo).id === 0;
      if (!(error instanceof NoTableError) || !isNothingShipped) throw error;
    } finally {
      abort.abort();
      stream.return(undefined).catch(() => undefined);
    }
  }

  *#settled<T>(promise: Promise<T>): Steps<T> {
    try {
      return yield* waitFor(promise);
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      if (error.kind === "time") throw new StoppedError("the time limit was reached in ClickHouse");
      if (error.kind === "memory") throw new StoppedError("ClickHouse's memory limit for a query was reached");
      const message = `cannot read from ClickHouse: ${error.message}`;
      throw isTableMissing(error) ? new NoTableError(message) : new HistoryError(message);
    }
  }
}

/** A record is only counted in SQL where all that is asked of it is certain. */
function decided(counted: CountedAsk | undefined, condition: Condition, parameters: SqlParameters): Condition {
  if (counted?.kind === "measured") return decidedCondition(counted, condition, parameters);
  if (counted?.kind !== "compared") return condition;
  return decidedCondition({ matching: counted.found, groups: [] }, condition, parameters);
}

function addTo(groups: Map<string, FoundRecord[]>, found: FoundRecord): void {
  const others = groups.get(found.project);
  if (others === undefined) groups.set(found.project, [found]);
  else others.push(found);
}

/** Selects records, and of each whether it matches for sure. */
function selected(condition: Condition): string {
  return `SELECT ${READ_COLUMNS}, toUInt8(${isExact(condition) ? "1" : condition.sure}) AS is_sure FROM ${RECORDS}`;
}

/** The records of selected rows that match: the sure ones, and those of which the evaluator says so. */
function matchingRecords(rows: readonly Row[], scope: Scope): FoundRecord[] {
  const matching: FoundRecord[] = [];
  const unsure = new Map<string, FoundRecord[]>();
  for (const row of rows) {
    const found = recordOf(row);
    if (row[READ_COLUMN_COUNT] === 1) matching.push(found);
    else addTo(unsure, found);
  }
  for (const [project, records] of unsure) {
    const stored = records.map(({ record }) => record);
    const matches = matchRows(scope.search, memoryBlock(project, stored).open(), project);
    matching.push(...records.filter((_, index) => matches[index] === 1));
  }
  return matching;
}
