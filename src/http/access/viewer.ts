// Who reads: the holder of the admin token, or one of the configured readers, who may read and change nothing. In: the
// settings. Out: whom a token belongs to, and the queries that a viewer may run.
// Invariant: queries of a reader with projects carry exactly these, whatever the request asks for.

import { createHash, timingSafeEqual } from "node:crypto";
import type { QueryOutcome, QueryService } from "../../core/queries.ts";

/** A [[readers]] table of the configuration. */
export interface ReaderSettings {
  readonly name: string;
  /** Hexadecimal. */
  readonly tokenSha256: string;
  /** What they may read; undefined: all projects. */
  readonly projects: readonly string[] | undefined;
}

/** Someone who may read. */
export interface Viewer extends ReaderSettings {
  /** Whether they have the admin token, so that they may also change things. */
  readonly isAdmin: boolean;
}

/** The holder of the admin token, as the app and the log call them. */
export const ADMIN_NAME = "admin";

/** For operations that are open to anyone: it sees nothing. */
export const NOBODY: Viewer = { name: "", tokenSha256: "", projects: [], isAdmin: false };

interface ViewerSettings {
  readonly adminTokenSha256: string | undefined;
  readonly readers: readonly ReaderSettings[];
}

/** Everyone who may read, the admin first. None: reading is off. */
export function viewersOf({ adminTokenSha256, readers }: ViewerSettings): readonly Viewer[] {
  const all: Viewer[] = readers.map((reader) => ({ ...reader, isAdmin: false }));
  if (adminTokenSha256 === undefined) return all;
  return [{ name: ADMIN_NAME, tokenSha256: adminTokenSha256, projects: undefined, isAdmin: true }, ...all];
}

/** Whose token this is. It is compared with everyone's, in constant time. */
export function viewerOfToken(token: string, viewers: readonly Viewer[]): Viewer | undefined {
  const presented = createHash("sha256").update(token).digest();
  let found: Viewer | undefined;
  for (const viewer of viewers) {
    const expected = Buffer.from(viewer.tokenSha256, "hex");
    if (presented.byteLength === expected.byteLength && timingSafeEqual(presented, expected)) found = viewer;
  }
  return found;
}

/** Whether two viewers may see the same: a reader whose projects changed is another. */
export function isSameViewer(one: Viewer, other: Viewer): boolean {
  return one.tokenSha256 === other.tokenSha256 && one.projects?.join("\n") === other.projects?.join("\n");
}

/** Queries before anyone asks: they run only for a viewer. */
export interface SharedQueries {
  for(viewer: Viewer): QueryService;
}

/** Queries as each viewer may run them: a project that is not theirs is refused, all projects are only theirs. */
export function sharedQueries(queries: QueryService): SharedQueries {
  return {
    for({ name, projects }) {
      if (projects === undefined) return queries;
      const refuse = <T>(project: string): Promise<QueryOutcome<T>> => {
        const message = `${name} may not read project "${project}", only: ${projects.join(", ")}`;
        return Promise.resolve({ ok: false, refusal: { code: "forbidden", message } });
      };
      const isTheirs = (project: string | undefined) => project === undefined || projects.includes(project);
      return {
        query(request, signal) {
          const project = projectOf(request);
          if (!isTheirs(project)) return refuse(project ?? "");
          return queries.query({ ...request, visible: projects }, signal);
        },
        export(request, signal) {
          const { project } = request.scope;
          if (!isTheirs(project)) return refuse(project ?? "");
          return queries.export({ ...request, visible: projects }, signal);
        },
        tail(request, signal) {
          const { project } = request;
          if (!isTheirs(project)) return refuse(project ?? "");
          return queries.tail({ ...request, visible: projects }, signal);
        },
      };
    },
  };
}

function projectOf(request: Parameters<QueryService["query"]>[0]): string | undefined {
  if ("scope" in request) return request.scope.project;
  return "project" in request ? request.project : undefined;
}
