// Names with levels ("api/orders/submit") as a tree, and the first cell of a row in a tree: indented by depth, with a
// button that opens and closes the rows below.

import type { ComponentChildren } from "preact";
import { Icon } from "./icon.tsx";

interface TreeCellProps {
  /** 0 at the top. */
  readonly depth: number;
  /** Undefined: there are no rows below. */
  readonly isOpen: boolean | undefined;
  readonly onToggle: () => void;
  /** Accessible name of what the button opens. */
  readonly name: string;
  readonly children: ComponentChildren;
}

/** Deeper rows are not indented further, so that names stay readable on a phone. */
const DEPTH_SHOWN_MAX = 8;

/** The first cell of a row in a tree. */
export function TreeCell({ depth, isOpen, onToggle, name, children }: TreeCellProps) {
  return (
    <span class={`tree-cell depth-${Math.min(depth, DEPTH_SHOWN_MAX)}`}>
      {isOpen === undefined ? (
        <span class="tree-space" />
      ) : (
        <button
          type="button"
          class="tree-toggle"
          aria-expanded={isOpen}
          aria-label={`${isOpen ? "Collapse" : "Expand"} ${name}`}
          onClick={onToggle}
        >
          <Icon name="chevron" />
        </button>
      )}
      {children}
    </span>
  );
}

/** A level of a name, with the levels below it. */
export interface TreeNode {
  /** Full path: "api/orders". */
  readonly path: string;
  /** Its last level: "orders"; several where nothing else is in between: "payments/eu". */
  readonly label: string;
  /** Of the row: 0 at the top. */
  readonly depth: number;
  /** Whether the path itself is a name, and not only a prefix of others. */
  readonly isName: boolean;
  /** Sorted by label. */
  readonly children: readonly TreeNode[];
}

const SEPARATOR = "/";

interface Growing {
  readonly path: string;
  readonly label: string;
  readonly depth: number;
  isName: boolean;
  readonly children: Map<string, Growing>;
}

/**
 * The top nodes. Equal names count once; an empty level ("a//b") is a level like any other. Levels with nothing else in
 * them are one node, down to the last that has nodes below.
 */
export function buildTree(names: Iterable<string>): readonly TreeNode[] {
  const top = new Map<string, Growing>();
  for (const name of names) {
    let siblings = top;
    let path = "";
    const labels = name.split(SEPARATOR);
    for (const [depth, label] of labels.entries()) {
      path = depth === 0 ? label : `${path}${SEPARATOR}${label}`;
      const known = siblings.get(label);
      const node: Growing = known ?? { path, label, depth, isName: false, children: new Map() };
      if (known === undefined) siblings.set(label, node);
      if (depth === labels.length - 1) node.isName = true;
      siblings = node.children;
    }
  }
  return finish(top, 0);
}

/** The visible rows from the top: the children of open nodes follow them. */
export function openRows(nodes: readonly TreeNode[], isOpen: (node: TreeNode) => boolean): readonly TreeNode[] {
  return nodes.flatMap((node) => [node, ...(isOpen(node) ? openRows(node.children, isOpen) : [])]);
}

/** Every name at or below a node. */
export function namesOf(node: TreeNode): readonly string[] {
  return [...(node.isName ? [node.path] : []), ...node.children.flatMap(namesOf)];
}

function finish(nodes: ReadonlyMap<string, Growing>, depth: number): readonly TreeNode[] {
  return [...nodes.values()]
    .map(endOfChain)
    .map((node): TreeNode => ({ ...node, depth, children: finish(node.children, depth + 1) }))
    .toSorted((a, b) => a.label.localeCompare(b.label, "en", { numeric: true }));
}

function endOfChain(node: Growing): Growing {
  const [only] = node.children.values();
  const isChain = only !== undefined && node.children.size === 1 && only.children.size > 0;
  if (!isChain || node.isName || only.isName) return node;
  return endOfChain({ ...only, label: `${node.label}${SEPARATOR}${only.label}` });
}
