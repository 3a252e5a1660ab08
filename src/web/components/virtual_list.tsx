// A list of any length that renders only the rows in view. Rows may differ in height: each is measured when it appears.
// The rows in view stay in place when others are added above, unless the list is scrolled to the top and no pinned row
// is in view.

import { useSignal } from "@preact/signals";
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";

/** Controls a list from outside. */
export interface VirtualListHandle {
  scrollTo(index: number, align?: "start" | "center" | "end" | "auto"): void;
}

interface VirtualListProps {
  /** Accessible name. */
  readonly label: string;
  readonly count: number;
  /** Height of a row before it is measured, in px. */
  readonly estimatePx: number;
  /** Identifies a row when its index changes. */
  readonly itemKey: (index: number) => string | number;
  readonly render: (index: number) => ComponentChildren;
  /** Called when one of the last rows is in view: time for the next page. */
  readonly onEndInView?: (() => void) | undefined;
  /** The key of a row that stays in place while it is in view, also at the top of the list. */
  readonly pinnedKey?: string | number | undefined;
  /** Set while the list exists. */
  readonly handle?: { current: VirtualListHandle | null };
  readonly class?: string;
}

/** Rows rendered above and below the view. */
const OVERSCAN = 12;
/** The next page loads when fewer rows are left below. */
const END_ROWS = 30;

type ListVirtualizer = Virtualizer<HTMLDivElement, HTMLDivElement>;

/** A list of `count` rows. `render` draws the row at an index. */
export function VirtualList(props: VirtualListProps) {
  const { label, count, estimatePx, itemKey, render, onEndInView, pinnedKey, handle } = props;
  const { class: className = "" } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const draws = useSignal(0);
  const virtualizer: ListVirtualizer = useMemo(() => new Virtualizer(optionsOf(0)), []);

  function optionsOf(size: number): ConstructorParameters<typeof Virtualizer<HTMLDivElement, HTMLDivElement>>[0] {
    return {
      count: size,
      getScrollElement: () => scroller.current,
      estimateSize: () => estimatePx,
      getItemKey: itemKey,
      overscan: OVERSCAN,
      // At the top, new rows push the list down. Elsewhere the view stays in place.
      anchorTo: (scroller.current?.scrollTop ?? 0) > 0 || isPinnedInView() ? "end" : "start",
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      onChange: () => {
        draws.value++;
      },
    };
  }
  /** Of the rows as they were drawn last. */
  function isPinnedInView(): boolean {
    const { current } = scroller;
    if (current === null || pinnedKey === undefined) return false;
    const { scrollTop, clientHeight } = current;
    const row = virtualizer.getVirtualItems().find(({ key }) => key === pinnedKey);
    return row !== undefined && row.end > scrollTop && row.start < scrollTop + clientHeight;
  }
  virtualizer.setOptions({ ...virtualizer.options, ...optionsOf(count) });
  // The library names the methods for frameworks this way.
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => virtualizer._willUpdate());
  useEffect(() => {
    if (handle === undefined) return undefined;
    handle.current = { scrollTo: (index, align = "auto") => virtualizer.scrollToIndex(index, { align }) };
    return () => {
      handle.current = null;
    };
  }, [handle, virtualizer]);

  void draws.value;
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (count > 0 && last >= count - END_ROWS) onEndInView?.();
  }, [last, count, onEndInView]);
  return (
    <div ref={scroller} class={`virtual-list ${className}`} role="list" aria-label={label} tabIndex={0}>
      <div class="virtual-space" role="presentation" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {items.map((item) => (
          <div
            key={item.key}
            ref={(element) => virtualizer.measureElement(element)}
            data-index={item.index}
            class="virtual-row"
            role="listitem"
            aria-posinset={item.index + 1}
            aria-setsize={count}
            style={{ transform: `translateY(${item.start}px)` }}
          >
            {render(item.index)}
          </div>
        ))}
      </div>
    </div>
  );
}
