// Names with levels ("api/orders/submit") as a tree, and the tree as the rows that are open. What belongs to a category is summed up
// by the caller, who gets the names below it.

export interface TreeNode {
  /** Full path: "api/orders". */
  readonly path: string;
  /** Its last level: "orders". */
  readonly label: string;
  /** 0 at the top. */
  readonly depth: number;
  /** Whether the path itself is one of the names, and not only the start of others. */
  readonly isName: boolean;
  /** By label. */
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

/** The top of the tree. Equal names count once; an empty level ("a//b") is a level like any other. */
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
  return finish(top);
}

/** The rows to show, top down: a node's children only where `isOpen` says so. */
export function openRows(nodes: readonly TreeNode[], isOpen: (node: TreeNode) => boolean): readonly TreeNode[] {
  return nodes.flatMap((node) => [node, ...(isOpen(node) ? openRows(node.children, isOpen) : [])]);
}

/** Every name at or below a node. */
export function namesOf(node: TreeNode): readonly string[] {
  return [...(node.isName ? [node.path] : []), ...node.children.flatMap(namesOf)];
}

function finish(nodes: ReadonlyMap<string, Growing>): readonly TreeNode[] {
  return [...nodes.values()]
    .map((node): TreeNode => ({ ...node, children: finish(node.children) }))
    .toSorted((a, b) => a.label.localeCompare(b.label, "en", { numeric: true }));
}
