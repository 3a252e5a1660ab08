// The rows of the tree of touchpoints: the trees of a response enter, filtered rows leave. A row that the user opened
// or closed is named in the address.

import type { TouchpointNode, TouchpointsResponse } from "../../../core/account_responses.ts";
import { foldText } from "../../../core/case_folding.ts";

/** Up to this many names, everything is open in the beginning. */
export const OPEN_NAMES_MAX = 300;

/** A row of the tree: a project, a category or a touchpoint. */
export interface TouchpointRowView {
  /** Unique over all projects: the project is escaped, so it has no ":". Used in the address. */
  readonly key: string;
  readonly project: string;
  /** The row is a project. */
  readonly isProject: boolean;
  /** Full name; "" for a project. */
  readonly path: string;
  /** The last level of the name, several where nothing else is in between, or the project. */
  readonly label: string;
  readonly depth: number;
  /** Null for a category or a project. */
  readonly registered: boolean | null;
  readonly firstSeen: number | null;
  /** Undefined: there are no rows below. */
  readonly isOpen: boolean | undefined;
  /** Names below that match the filter. */
  readonly namesBelow: number;
  readonly unregisteredBelow: number;
}

export interface RowOptions {
  /** Part of a name, in any case. "": all. */
  readonly filter: string;
  readonly isUnregisteredOnly: boolean;
  readonly isOpenAtFirst: boolean;
  /** Keys of the rows that the user opened or closed. */
  readonly turned: ReadonlySet<string>;
}

interface Match {
  readonly node: TouchpointNode;
  readonly children: readonly Match[];
  readonly names: number;
  readonly unregistered: number;
}

/** The visible rows from the top. With several projects, each has a row of its own. */
export function touchpointRows(trees: TouchpointsResponse["tree"], options: RowOptions): readonly TouchpointRowView[] {
  const isOpen = (key: string) => options.isOpenAtFirst !== options.turned.has(key);
  return trees.flatMap(({ project, children }) => {
    const matches = matchesOf(children, options);
    if (trees.length === 1) return rowsOf(project, matches, 0, isOpen);
    if (matches.length === 0) return [];
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
      namesBelow: sum(matches, "names"),
      unregisteredBelow: sum(matches, "unregistered"),
    };
    return [row, ...(row.isOpen === true ? rowsOf(project, matches, 1, isOpen) : [])];
  });
}

function matchesOf(nodes: readonly TouchpointNode[], options: RowOptions): readonly Match[] {
  const { filter, isUnregisteredOnly } = options;
  return nodes.flatMap((node) => {
    const children = matchesOf(node.children, options);
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
  nodes: readonly Match[],
  depth: number,
  isOpen: (key: string) => boolean,
): readonly TouchpointRowView[] {
  return nodes.flatMap((first) => {
    const { node, children } = endOfChain(first);
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

/** Categories with nothing else in them are one row, down to the last that has rows below. */
function endOfChain(match: Match): Match {
  const { node, children } = match;
  const [only] = children;
  const isChain = only !== undefined && children.length === 1 && only.children.length > 0;
  if (!isChain || node.registered !== null || only.node.registered !== null) return match;
  return endOfChain({ ...only, node: { ...only.node, name: `${node.name}/${only.node.name}` } });
}

function sum(nodes: readonly Match[], what: "names" | "unregistered"): number {
  return nodes.reduce((total, node) => total + node[what], 0);
}

/** A list of keys as one parameter of the address. */
export function formatKeys(keys: Iterable<string>): string {
  return [...keys].map((key) => escape(key).replaceAll("%2F", "/").replaceAll("%3A", ":")).join(",");
}

/** The inverse of formatKeys. Empty for a text that is not valid. */
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
