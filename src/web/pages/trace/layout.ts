// A trace as rows: spans enter, the tree of them leaves from the top, each with the time that is its own and its part of
// the longest path. Nothing recurses, so a chain of any depth is laid out.

import { NO_PARENT, orderOf, parentsOf, type Span } from "./nesting.ts";

/** A length of time. Unix ms, `from` before `to`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** One span in its place. */
export interface Row {
  /** Index among the spans. */
  readonly at: number;
  /** 0 at the top. */
  readonly depth: number;
  /** Row of the parent. NO_PARENT at the top. */
  readonly parent: number;
  /** The rows after it that lie below it in the tree. */
  readonly below: number;
  /** When it ran and none of its timings below did, in order. Empty for a log. */
  readonly own: readonly Stretch[];
  /** The part of the longest path in which it was the innermost, in order. */
  readonly path: readonly Stretch[];
}

export interface Layout {
  /** Each row after its parent, otherwise by start. */
  readonly rows: readonly Row[];
  /** Unix ms: the first start and the last end. Both 0 without spans. */
  readonly start: number;
  readonly end: number;
  /** When nothing ran and nothing was logged between start and end, in order. */
  readonly gaps: readonly Stretch[];
  /** Time in which a timing ran, in ms. */
  readonly busyMs: number;
}

/** Lays out the spans of a trace. */
export function layOut(spans: readonly Span[]): Layout {
  const order = orderOf(spans);
  const parents = parentsOf(spans, order);
  const children: number[][] = spans.map(() => []);
  const top: number[] = [];
  for (const at of order) (children[parents[at] as number] ?? top).push(at);
  const places = placesOf(top, children);
  const reaches = reachesOf(spans, places);
  const timings = (indices: readonly number[]) => indices.filter((at) => !(spans[at] as Span).isLog);
  const tree: Tree = { spans, reaches, top: timings(top), children: children.map(timings) };
  const paths = pathsOf(tree);
  const whole = tree.spans.length === 0 ? { from: 0, to: 0 } : hullOf(top.map((at) => reaches[at] as Stretch));
  const idle = without(
    whole,
    timings(order).map((at) => stretchOf(spans[at] as Span)),
  );
  const logTimes = spans.filter(({ isLog }) => isLog).map(({ start }) => start);
  return {
    rows: places.map((place) => ({ ...place, own: ownOf(tree, place.at), path: paths[place.at] ?? [] })),
    start: whole.from,
    end: whole.to,
    gaps: idle.flatMap((stretch) => splitAt(stretch, logTimes)),
    busyMs: whole.to - whole.from - lengthOf(idle),
  };
}

/** Together, in ms. */
export function lengthOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { from, to }) => sum + to - from, 0);
}

interface Tree {
  readonly spans: readonly Span[];
  /** From the first start to the last end of each span and all below it: a part may outlast its whole. */
  readonly reaches: readonly Stretch[];
  /** Timings alone, by start. */
  readonly top: readonly number[];
  readonly children: readonly (readonly number[])[];
}

type Place = Omit<Row, "own" | "path">;

function placesOf(top: readonly number[], children: readonly (readonly number[])[]): Place[] {
  const places: (Place & { below: number })[] = [];
  const waiting = top.toReversed().map((at) => ({ at, depth: 0, parent: NO_PARENT }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const parent = places.length;
    places.push({ ...next, below: 0 });
    const inner = children[next.at] as readonly number[];
    for (const at of inner.toReversed()) waiting.push({ at, depth: next.depth + 1, parent });
  }
  for (const { parent, below } of places.toReversed()) {
    const outer = places[parent];
    if (outer !== undefined) outer.below += below + 1;
  }
  return places;
}

function reachesOf(spans: readonly Span[], places: readonly Place[]): Stretch[] {
  const reaches = spans.map(stretchOf);
  for (const { at, parent } of places.toReversed()) {
    const outer = places[parent];
    if (outer !== undefined) reaches[outer.at] = hullOf([reaches[outer.at] as Stretch, reaches[at] as Stretch]);
  }
  return reaches;
}

function stretchOf({ start, end }: Span): Stretch {
  return { from: start, to: end };
}

function hullOf(stretches: readonly Stretch[]): Stretch {
  return stretches.reduce((hull, { from, to }) => ({ from: Math.min(hull.from, from), to: Math.max(hull.to, to) }));
}

function ownOf({ spans, reaches, children }: Tree, at: number): Stretch[] {
  const span = spans[at] as Span;
  const inner = children[at] as readonly number[];
  return without(
    stretchOf(span),
    inner.map((child) => reaches[child] as Stretch),
  );
}

/** What is left of a stretch without others, in order. The others may overlap, and lie outside of it. */
function without({ from, to }: Stretch, others: readonly Stretch[]): Stretch[] {
  const left: Stretch[] = [];
  let free = from;
  for (const other of others.toSorted((a, b) => a.from - b.from)) {
    if (other.from >= to) break;
    if (other.from > free) left.push({ from: free, to: other.from });
    free = Math.max(free, other.to);
  }
  if (free < to) left.push({ from: free, to });
  return left;
}

function splitAt({ from, to }: Stretch, times: readonly number[]): Stretch[] {
  const inside = times.filter((time) => time > from && time < to).toSorted((a, b) => a - b);
  const borders = [from, ...new Set(inside), to];
  return borders.slice(1).map((border, at) => ({ from: borders[at] as number, to: border }));
}

/**
 * The longest path: from the end of the trace back to its start, always in the span that ended last, and of several that
 * ran then, in the one that had begun first. A moment belongs to one span at most. By span, in order.
 */
function pathsOf(tree: Tree): Stretch[][] {
  const { spans, reaches, top, children } = tree;
  const paths: Stretch[][] = spans.map(() => []);
  const waiting: { readonly at: number; readonly stretch: Stretch }[] = [];
  if (top.length > 0) {
    const whole = hullOf(top.map((at) => reaches[at] as Stretch));
    waiting.push(...walkBack(reaches, top, whole).steps);
  }
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    const { at, stretch } = step;
    const { steps, rest } = walkBack(reaches, children[at] as readonly number[], stretch);
    waiting.push(...steps);
    const { start, end } = spans[at] as Span;
    const ran = rest.map(({ from, to }) => ({ from: Math.max(from, start), to: Math.min(to, end) }));
    (paths[at] as Stretch[]).push(...ran.filter(({ from, to }) => from < to));
  }
  return paths.map((path) => path.toSorted((a, b) => a.from - b.from));
}

/** The way from the end of a stretch to its start through these spans, and what of it is in none of them. */
function walkBack(reaches: readonly Stretch[], indices: readonly number[], { from, to }: Stretch) {
  const byEnd = indices.toSorted((a, b) => (reaches[b] as Stretch).to - (reaches[a] as Stretch).to);
  const steps: { readonly at: number; readonly stretch: Stretch }[] = [];
  const rest: Stretch[] = [];
  let now = to;
  let next = 0;
  let first: number | undefined;
  while (now > from) {
    for (; next < byEnd.length && (reaches[byEnd[next] as number] as Stretch).to >= now; next++) {
      const at = byEnd[next] as number;
      if (first === undefined || (reaches[at] as Stretch).from < (reaches[first] as Stretch).from) first = at;
    }
    const begun = first === undefined ? now : Math.max((reaches[first] as Stretch).from, from);
    if (first !== undefined && begun < now) {
      steps.push({ at: first, stretch: { from: begun, to: now } });
      now = begun;
    } else {
      const last = byEnd[next];
      const until = last === undefined ? from : Math.max((reaches[last] as Stretch).to, from);
      rest.push({ from: until, to: now });
      now = until;
    }
  }
  return { steps, rest };
}
