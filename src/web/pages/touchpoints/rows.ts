// The trees of touchpoints as the rows that are shown: filtered, and closed where somebody closed them. Answers enter, rows leave.

import type { TouchpointNode, TouchpointsResponse } from "../../../core/account_responses.ts";
import { foldText } from "../../../core/case_folding.ts";

/** Names up to which everything is open at first. */
export const OPEN_NAMES_MAX = 300;

export interface TouchpointRowView {
  /** Unique over all projects, since a project has no ":" in it; stands in the address. */
  readonly key: string;
  readonly project: string;
  /** The project's own row. */
  readonly isProject: boolean;
  /** Full name; "" for a project. */
  readonly path: string;
  /** Its last level, or the project. */
  readonly label: string;
  readonly depth: number;
  /** Null: only a category, or a project. */
  readonly registered: boolean | null;
  readonly firstSeen: number | null;
  /** Undefined: nothing is below. */
  readonly isOpen: boolean | undefined;
  /** Names below that are shown when everything is open. */
  readonly namesBelow: number;
  readonly unregisteredBelow: number;
}

export interface RowOptions {
  /** Part of a name, whatever the case; "" shows all. */
  readonly filter: string;
  readonly isUnregisteredOnly: boolean;
  readonly isOpenAtFirst: boolean;
  /** Keys of the rows that are not as they are at first. */
  readonly turned: ReadonlySet<string>;
}

interface Kept {
  readonly node: TouchpointNode;
  readonly children: readonly Kept[];
  readonly names: number;
  readonly unregistered: number;
}

/** Rows top down; a row for each project where there are several. */
export function touchpointRows(trees: TouchpointsResponse["tree"], options: RowOptions): readonly TouchpointRowView[] {
  const isOpen = (key: string) => options.isOpenAtFirst !== options.turned.has(key);
  return trees.flatMap(({ project, children }) => {
    const kept = keep(children, options);
    if (trees.length === 1) return rowsOf(project, kept, 0, isOpen);
    if (kept.length === 0) return [];
    const key = escape(project);
    const row: TouchpointRowView = {
      key,
      project,
      isProject: true,
      path: "",
      label: project,
      depth: 0,
      registered: null,
      firstSeen: null,
      isOpen: isOpen(key),
      namesBelow: sum(kept, "names"),
      unregisteredBelow: sum(kept, "unregistered"),
    };
    return [row, ...(row.isOpen === true ? rowsOf(project, kept, 1, isOpen) : [])];
  });
}

function keep(nodes: readonly TouchpointNode[], options: RowOptions): readonly Kept[] {
  const { filter, isUnregisteredOnly } = options;
  return nodes.flatMap((node) => {
    const children = keep(node.children, options);
    const isWanted =
      node.registered !== null &&
      (!isUnregisteredOnly || !node.registered) &&
      foldText(node.path).includes(foldText(filter));
    if (!isWanted && children.length === 0) return [];
    const isUnregistered = isWanted && !node.registered;
    return [
      {
        node,
        children,
        names: sum(children, "names") + Number(isWanted),
        unregistered: sum(children, "unregistered") + Number(isUnregistered),
      },
    ];
  });
}

function rowsOf(
  project: string,
  nodes: readonly Kept[],
  depth: number,
  isOpen: (key: string) => boolean,
): readonly TouchpointRowView[] {
  return nodes.flatMap(({ node, children }) => {
    const key = `${escape(project)}:${node.path}`;
    const row: TouchpointRowView = {
      key,
      project,
      isProject: false,
      path: node.path,
      label: node.name,
      depth,
      registered: node.registered,
      firstSeen: node.firstSeen,
      isOpen: children.length === 0 ? undefined : isOpen(key),
      namesBelow: sum(children, "names"),
      unregisteredBelow: sum(children, "unregistered"),
    };
    return [row, ...(row.isOpen === true ? rowsOf(project, children, depth + 1, isOpen) : [])];
  });
}

function sum(nodes: readonly Kept[], what: "names" | "unregistered"): number {
  return nodes.reduce((total, node) => total + node[what], 0);
}

/** Keys as one parameter of the address. */
export function formatKeys(keys: Iterable<string>): string {
  return [...keys].map((key) => escape(key).replaceAll("%2F", "/").replaceAll("%3A", ":")).join(",");
}

/** The inverse; what is no list of keys has none. */
export function parseKeys(text: string): ReadonlySet<string> {
  try {
    return new Set(text === "" ? [] : text.split(",").map(decodeURIComponent));
  } catch {
    return new Set();
  }
}

function escape(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
