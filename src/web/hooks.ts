// What components take from the app: answers that renew themselves, the scope and the parameters in the address, shortcuts.

import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { AnswerOf, ReadPath } from "./api/answers.ts";
import type { QuestionParameters } from "./api/client.ts";
import { Query, type QueryState } from "./api/query.ts";
import { useApp } from "./app_context.ts";
import type { Move } from "./state/router.ts";
import type { Shortcut } from "./state/shortcuts.ts";
import { rangeQuestion, readRange, type TimeRange } from "./state/time_range.ts";

export interface QueryOptions {
  /** Asks again so long after each answer, in ms, while somebody looks; absent: never. */
  readonly pollMs?: number;
}

export interface QueryView<T> {
  /** Reading its value in a component subscribes that component. */
  readonly state: ReadonlySignal<QueryState<T>>;
  /** Asks again now. */
  readonly renew: () => void;
}

/**
 * Asks a route of the read API, again whenever the question changes, somebody presses "refresh", or `pollMs` have gone by.
 * @param parameters undefined: nothing is asked now.
 */
export function useQuery<P extends ReadPath>(
  path: P,
  parameters: QuestionParameters | undefined,
  options: QueryOptions = {},
): QueryView<AnswerOf<P>> {
  const { api, environment, refreshes } = useApp();
  const query = useMemo(() => new Query<AnswerOf<P>>(environment), [environment]);
  const { pollMs } = options;
  const question = parameters === undefined ? undefined : JSON.stringify([path, parameters]);
  const latest = useRef({ path, parameters });
  latest.current = { path, parameters };
  useEffect(() => {
    const { path, parameters } = latest.current;
    if (parameters === undefined) return undefined;
    query.start((signal) => api.ask(path, parameters, signal), pollMs);
    return () => query.stop();
  }, [query, api, question, pollMs]);
  useRefreshes(refreshes, query);
  return useMemo(() => ({ state: query.state, renew: () => query.renew() }), [query]);
}

/** Usage and storage of all projects, which the frame keeps fresh. */
export function useUsage() {
  return useApp().usage.state.value;
}

/** The project, and the time range in three forms. */
export interface Scope {
  /** "": all projects. */
  readonly project: string;
  readonly range: TimeRange;
  /** Why the address's own range could not be taken. */
  readonly rangeProblem: string | undefined;
  /** `project`, `from` and `to` as the read API takes them. */
  readonly question: { readonly project?: string; readonly from?: string; readonly to?: string };
}

/** What is chosen in the header. Subscribes the component to the address. */
export function useScope(): Scope {
  const { router, environment } = useApp();
  const { parameters } = router.address.value;
  const { project = "", from, to } = parameters;
  return useMemo(() => {
    const { range, problem } = readRange(parameters, environment.clock());
    const question = { ...(project === "" ? {} : { project }), ...rangeQuestion(range) };
    return { project, range, rangeProblem: problem, question };
  }, [project, from, to]);
}

/** One parameter of the address, "" when absent, and what sets it. */
export function useParameter(name: string): [value: string, set: (value: string, move?: Move) => void] {
  const { router } = useApp();
  const value = router.address.value.parameters[name] ?? "";
  const set = useMemo(() => (value: string, move?: Move) => router.change({ [name]: value }, move), [router, name]);
  return [value, set];
}

/** A shortcut while the component is there. `group` is a heading in the list of shortcuts. */
export function useShortcut(keys: string, label: string, run: () => void, group = "This page"): void {
  const { shortcuts } = useApp();
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const shortcut: Shortcut = { keys, label, group, run: () => latest.current() };
    return shortcuts.add(shortcut);
  }, [shortcuts, keys, label, group]);
}

function useRefreshes<T>(refreshes: ReadonlySignal<number>, query: Query<T>): void {
  const count = refreshes.value;
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) query.renew();
    isFirst.current = false;
  }, [query, count]);
}
