// The ids that are shown where several nodes have one history: a node's number times 2^40, and the id that its data file
// has.

/** Ids of one node: more than a data file ever has. */
export const IDS_PER_NODE = 2 ** 40;

/** The node of an id as it is shown, and the id that the node gave. */
export function placeOfId(shown: number): { readonly node: number; readonly id: number } {
  const node = Math.floor(shown / IDS_PER_NODE);
  return { node, id: shown - node * IDS_PER_NODE };
}
