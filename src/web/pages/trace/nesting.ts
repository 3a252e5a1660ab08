// Which span of a trace lies in which: by the ids that spans carry, else by their times. Spans enter in any order, each
// one's parent leaves. No span is its own ancestor, whatever the ids and clocks say.

/** A timing, or a log, which has no length. */
export interface Span {
  readonly isLog: boolean;
  /** Unix ms. */
  readonly start: number;
  /** Not before `start`; the same for a log. */
  readonly end: number;
  /** The span's own id. A log has the id of the span that it was written in. */
  readonly spanId?: string | undefined;
  readonly parentSpanId?: string | undefined;
}

/** The parent of a span that has none. */
export const NO_PARENT = -1;

/** Clocks of whole milliseconds let a part end this much after its whole. In ms. */
const END_SLACK_MS = 1;

/** Indices of the spans: earlier starts first, then timings before logs, then longer ones, then as they came. */
export function orderOf(spans: readonly Span[]): number[] {
  const compare = (a: Span, b: Span) => a.start - b.start || Number(a.isLog) - Number(b.isLog) || b.end - a.end;
  return Array.from(spans.keys()).sort((a, b) => compare(spans[a] as Span, spans[b] as Span) || a - b);
}

/**
 * The index of each span's parent. An id that another timing has decides. Without one it is the timing that began last
 * among those that contain the span; a span that says that it is the first of its trace is contained by timings without
 * ids only.
 * @param order From orderOf.
 */
export function parentsOf(spans: readonly Span[], order: readonly number[]): Int32Array {
  const ids = new Map<string, number>();
  for (const at of order) {
    const { isLog, spanId } = spans[at] as Span;
    if (!isLog && spanId !== undefined && !ids.has(spanId)) ids.set(spanId, at);
  }
  const parents = new Int32Array(spans.length).fill(NO_PARENT);
  const isNamed = new Uint8Array(spans.length);
  let active: number[] = [];
  for (const at of order) {
    const span = spans[at] as Span;
    active = active.filter((one) => (spans[one] as Span).end + END_SLACK_MS >= span.start);
    const named = namedParent(span, at, ids);
    parents[at] = named ?? containerOf(spans, span, active);
    if (named !== undefined) isNamed[at] = 1;
    if (!span.isLog && span.end > span.start) active.push(at);
  }
  cutCircles(parents, isNamed, order);
  return parents;
}

function namedParent({ isLog, spanId, parentSpanId }: Span, at: number, ids: ReadonlyMap<string, number>) {
  const wanted = isLog ? [spanId, parentSpanId] : [parentSpanId];
  return wanted
    .map((id) => (id === undefined ? undefined : ids.get(id)))
    .find((one) => one !== undefined && one !== at);
}

function containerOf(spans: readonly Span[], span: Span, active: readonly number[]): number {
  const isFirst = !span.isLog && span.spanId !== undefined && span.parentSpanId === undefined;
  const allowed = isFirst ? active.filter((one) => (spans[one] as Span).spanId === undefined) : active;
  const exact = allowed.findLast((one) => contains(spans[one] as Span, span, 0));
  if (exact !== undefined) return exact;
  const near = allowed.filter((one) => contains(spans[one] as Span, span, END_SLACK_MS));
  return near.toSorted((a, b) => (spans[b] as Span).end - (spans[a] as Span).end)[0] ?? NO_PARENT;
}

/**
 * Whether a timing contains a span that does not begin before it, and ends at most `slackMs` after it. Two of the same
 * times are beside one another.
 */
function contains(outer: Span, inner: Span, slackMs: number): boolean {
  const length = inner.end - inner.start;
  const past = inner.end - outer.end;
  if (past > slackMs) return false;
  if (length === 0) return true;
  if (inner.start >= outer.end || length > outer.end - outer.start) return false;
  if (inner.start === outer.start && inner.end === outer.end) return false;
  // What lies mostly after the other is the next one of a row.
  return past * 2 <= length;
}

/** Takes one parent away from each circle: one that times chose, else that of the earliest span. */
function cutCircles(parents: Int32Array, isNamed: Uint8Array, order: readonly number[]): void {
  const isDone = new Uint8Array(parents.length);
  for (const first of order) {
    const path: number[] = [];
    const places = new Map<number, number>();
    let at = first;
    while (at !== NO_PARENT && isDone[at] === 0 && !places.has(at)) {
      places.set(at, path.length);
      path.push(at);
      at = parents[at] as number;
    }
    const place = places.get(at);
    if (place !== undefined) {
      const circle = path.slice(place);
      const cut = circle.find((one) => isNamed[one] === 0) ?? earliest(circle, order);
      parents[cut] = NO_PARENT;
    }
    for (const one of path) isDone[one] = 1;
  }
}

function earliest(circle: readonly number[], order: readonly number[]): number {
  const members = new Set(circle);
  return order.find((at) => members.has(at)) ?? (circle[0] as number);
}
