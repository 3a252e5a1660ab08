// The server as components see it: the API client, the session, and hooks that run queries and refresh them.

import type { ReadonlySignal, Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useEffect, useMemo, useRef } from "preact/hooks";
import type { UsageResponse, ViewerResponse } from "../../core/account_responses.ts";
import type { AlertsResponse } from "../../core/alert_responses.ts";
import { assert } from "../../core/errors.ts";
import type { ViewsResponse } from "../../core/views.ts";
import { useApp } from "../state/app_context.ts";
import { Query, type QueryHandle, type QueryParameters, type RunQuery } from "../state/query.ts";
import type { Session } from "../state/session.ts";
import type { Api, ReadPath, ResponseOf } from "./client.ts";
import type { Tail, TailBatch } from "./tail.ts";

/** What components use of the server. */
export interface Server {
  readonly api: Api;
  readonly session: Session;
  /** Usage and storage of all projects: the list of projects, and whether anything was ever stored. */
  readonly usage: Query<UsageResponse>;
  /** The saved views of the chosen project and everybody's. */
  readonly views: Query<ViewsResponse>;
  /** The alert rules with their states. */
  readonly alerts: Query<AlertsResponse>;
  /** Who is signed in. */
  readonly viewer: Query<ViewerResponse>;
  /** Grows by one when the user refreshes everything. */
  readonly refreshes: Signal<number>;
  /** False where the browser does not tell the server the origin of a request; then nobody can sign in. */
  readonly isSecure: boolean;
  /** Makes a live tail that is not started yet. */
  createTail(onBatch: (batch: TailBatch) => void): Tail;
}

const ServerContext = createContext<Server | undefined>(undefined);

/** Provides the server to the components inside of it. */
export const ServerProvider = ServerContext.Provider;

/** The server of the component that calls. Throws AssertionError outside of a ServerProvider. */
export function useServer(): Server {
  const server = useContext(ServerContext);
  assert(server !== undefined, "every component is inside of a ServerProvider");
  return server;
}

export interface QueryOptions {
  /** Runs again this long after each response, in ms, while the page is visible. Undefined: never. */
  readonly pollMs?: number | undefined;
}

/**
 * Queries a route of the read API: when the path or a parameter changes, when the user refreshes, and every `pollMs`.
 * @param parameters Undefined: no query runs now.
 */
export function useQuery<P extends ReadPath>(
  path: P,
  parameters: QueryParameters | undefined,
  { pollMs }: QueryOptions = {},
): QueryHandle<ResponseOf<P>> {
  const { api } = useServer();
  const key = parameters === undefined ? undefined : JSON.stringify([path, parameters]);
  return useCombinedQuery<ResponseOf<P>>(key, (signal) => api.get(path, parameters, signal), { pollMs });
}

/**
 * Runs a query that takes more than one request. Refreshes like useQuery.
 * @param key Another key makes another query. Undefined: no query runs now.
 */
export function useCombinedQuery<T>(
  key: string | undefined,
  run: RunQuery<T>,
  { pollMs }: QueryOptions = {},
): QueryHandle<T> {
  const { environment } = useApp();
  const { refreshes } = useServer();
  const query = useMemo(() => new Query<T>(environment), [environment]);
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    if (key === undefined) return undefined;
    const { current } = latest;
    query.start((signal) => current(signal), pollMs);
    return () => query.stop();
  }, [query, key, pollMs]);
  useRefreshes(refreshes, query);
  return useMemo(() => ({ state: query.state, refresh: () => query.refresh(), cancel: () => query.cancel() }), [query]);
}

/** Usage and storage of all projects. The frame keeps it fresh. */
export function useUsage() {
  return useServer().usage.state.value;
}

/**
 * The parameter of a link that leads to a name of a project: equal names of two projects are two. Nothing where there
 * is one project only.
 */
export function useProjectParameter(project: string): { readonly project?: string } {
  const { value } = useUsage();
  return (value?.storage.length ?? 0) > 1 ? { project } : {};
}

/** Who is signed in; undefined: not known yet. */
export function useViewer(): ViewerResponse | undefined {
  return useServer().viewer.state.value.value;
}

/** Whether to offer what only the admin may. Until it is known who is signed in, that is not offered. */
export function useMayChange(): boolean {
  return useViewer()?.isAdmin === true;
}

function useRefreshes<T>(refreshes: ReadonlySignal<number>, query: Query<T>): void {
  const count = refreshes.value;
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) query.refresh();
    isFirst.current = false;
  }, [query, count]);
}
