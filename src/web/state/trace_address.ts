// A trace in the address: it opens over any page, whose own parameters stay, so that closing it leads back. A key, a
// project and a time enter, parameters leave.

import type { PageName } from "../../core/pages.ts";
import type { ParameterChanges, Parameters } from "./router.ts";

/** The trace that an address names. */
export interface TraceAddress {
  readonly key: string;
  /** The instant around which records are shown, as it was written. Undefined: the newest. */
  readonly around: string | undefined;
  /** "": all projects. */
  readonly project: string;
}

/** What a trace begins with: a record, or a running start. */
export interface TraceBeginning {
  readonly key?: string | undefined;
  readonly project?: string | undefined;
  /** Unix ms. Undefined: the newest records. */
  readonly time?: number | undefined;
}

/** The changes that close a trace. */
export const TRACE_CLOSED: ParameterChanges = {
  trace: undefined,
  around: undefined,
  traceProject: undefined,
  span: undefined,
  zoom: undefined,
  traceAs: undefined,
  traceLogs: undefined,
  traceSort: undefined,
};

/** The trace of an address. Undefined: it names none. */
export function traceOf(parameters: Parameters): TraceAddress | undefined {
  const { trace, around, project, traceProject } = parameters;
  if (trace === undefined || trace === "") return undefined;
  return { key: trace, around, project: project ?? traceProject ?? "" };
}

/** The parameters that open a trace over the page of these parameters. */
export function traceParameters(parameters: Parameters, { key, project, time }: TraceBeginning): ParameterChanges {
  return {
    ...parameters,
    ...TRACE_CLOSED,
    trace: key,
    around: time === undefined ? undefined : new Date(time).toISOString(),
    // The project of the header stays as it was chosen.
    traceProject: parameters["project"] === undefined ? project : undefined,
  };
}

/** Whether an address shows the records that its parameter q finds. */
export function isSearchShown(page: PageName, parameters: Parameters): boolean {
  return page === "logs" && traceOf(parameters) === undefined && parameters["near"] === undefined;
}
