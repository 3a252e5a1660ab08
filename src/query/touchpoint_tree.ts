// Touchpoints as trees, by the "/" in their names: "api/orders/submit" lies below "api" and "api/orders".

import type { TouchpointNode, TouchpointRow } from "../core/answers.ts";
import { compareTexts } from "./text_order.ts";

/** Levels of a tree; what is deeper keeps the rest of its name in one piece. Bounds what a name of slashes alone can make. */
const DEPTH_MAX = 32;

interface Node {
  readonly name: string;
  readonly path: string;
  row: TouchpointRow | undefined;
  readonly children: Map<string, Node>;
}

/** One tree a project, by project; nodes by name. */
export function touchpointTrees(
  touchpoints: readonly TouchpointRow[],
): { project: string; children: TouchpointNode[] }[] {
  const projects = new Map<string, Map<string, Node>>();
  for (const row of touchpoints) {
    const roots = projects.get(row.project) ?? new Map<string, Node>();
    projects.set(row.project, roots);
    place(roots, row);
  }
  return [...projects]
    .map(([project, roots]) => ({ project, children: shown(roots) }))
    .sort((a, b) => compareTexts(a.project, b.project));
}

function place(roots: Map<string, Node>, row: TouchpointRow): void {
  const parts = row.name.split("/");
  const names =
    parts.length <= DEPTH_MAX ? parts : [...parts.slice(0, DEPTH_MAX - 1), parts.slice(DEPTH_MAX - 1).join("/")];
  let level = roots;
  let path = "";
  let node: Node | undefined;
  for (const [depth, name] of names.entries()) {
    path = depth === 0 ? name : `${path}/${name}`;
    node = level.get(name) ?? { name, path, row: undefined, children: new Map() };
    level.set(name, node);
    level = node.children;
  }
  if (node !== undefined) node.row = row;
}

function shown(level: ReadonlyMap<string, Node>): TouchpointNode[] {
  const nodes = [...level.values()].sort((a, b) => compareTexts(a.name, b.name));
  return nodes.map(({ name, path, row, children }) => ({
    name,
    path,
    registered: row?.registered ?? null,
    firstSeen: row?.firstSeen ?? null,
    children: shown(children),
  }));
}
