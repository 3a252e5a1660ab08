// A list of any length of which only what is seen exists. Rows may differ in height: each is measured when it appears. Whoever
// has scrolled down keeps the rows in sight when others come in above.

import { useSignal } from "@preact/signals";
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";

/** What a page can do with a list from outside. */
export interface VirtualListHandle {
  scrollTo(index: number, align?: "start" | "center" | "end" | "auto"): void;
}

interface VirtualListProps {
  /** Read aloud. */
  readonly label: string;
  readonly count: number;
  /** Height of a row that has not been seen yet, in px. */
  readonly estimatePx: number;
  /** Stays with a row when its index changes. */
  readonly itemKey: (index: number) => string | number;
  readonly render: (index: number) => ComponentChildren;
  /** Called while one of the last rows is in sight: time for the next page. */
  readonly onEndInSight?: (() => void) | undefined;
  /** Filled while the list is there. */
  readonly handle?: { current: VirtualListHandle | null };
  readonly class?: string;
}

/** Rows rendered beside those in sight. */
const OVERSCAN = 12;
/** The next page is fetched when so few rows are left below. */
const END_ROWS = 30;

type ListVirtualizer = Virtualizer<HTMLDivElement, HTMLDivElement>;

export function VirtualList(props: VirtualListProps) {
  const { label, count, estimatePx, itemKey, render, onEndInSight, handle, class: className = "" } = props;
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
      // Rows that come in above push the list down only for whoever stands at the top.
      anchorTo: (scroller.current?.scrollTop ?? 0) > 0 ? "end" : "start",
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      onChange: () => {
        draws.value++;
      },
    };
  }
  virtualizer.setOptions({ ...virtualizer.options, ...optionsOf(count) });
  // The library's own names for what a framework calls.
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
    if (count > 0 && last >= count - END_ROWS) onEndInSight?.();
  }, [last, count, onEndInSight]);
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
