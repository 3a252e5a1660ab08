// The first cell of a row in a tree: indented by its depth, with a button that opens and closes what is below.

import type { ComponentChildren } from "preact";
import { Icon } from "./icon.tsx";

interface TreeCellProps {
  /** 0 at the top. */
  readonly depth: number;
  /** Undefined: there is nothing below. */
  readonly isOpen: boolean | undefined;
  readonly onToggle: () => void;
  /** What is opened, read aloud. */
  readonly name: string;
  readonly children: ComponentChildren;
}

/** Depth beyond which rows are indented no further: names stay readable on a phone. */
const DEPTH_SHOWN_MAX = 8;

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
          aria-label={`${isOpen ? "Close" : "Open"} ${name}`}
          onClick={onToggle}
        >
          <Icon name="chevron" />
        </button>
      )}
      {children}
    </span>
  );
}
