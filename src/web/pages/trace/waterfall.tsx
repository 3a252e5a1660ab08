// A trace as bars over time. One line a record, only the lines in view exist. The keyboard moves as in a tree; a drag
// over the axis zooms.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { IconButton } from "../../components/button.tsx";
import { VirtualList, type VirtualListHandle } from "../../components/virtual_list.tsx";
import { useParameter, useShortcut } from "../../state/app_context.ts";
import { axisMarks, formatStretch, parseStretch, shareOf } from "./axis.ts";
import { Axis } from "./axis_view.tsx";
import type { Item } from "./items.ts";
import type { Layout, Row, Stretch } from "./layout.ts";
import { Line, lineId } from "./line.tsx";
import { logsByRow, shownRows } from "./shown_rows.ts";

/** Height of a line before it is measured, in px. */
const LINE_PX = 28;
const MARKS_MAX = 6;
/** A zoom shorter than this cannot be told from a click, as a share of what is shown. */
const ZOOM_SHARE_MIN = 0.01;
/** Room around a bar that is zoomed to, as a share of the bar. */
const ZOOM_MARGIN = 0.1;

interface WaterfallProps {
  readonly items: readonly Item[];
  readonly layout: Layout;
  /** The instant that the trace was opened at, in Unix ms. */
  readonly around: number | undefined;
  /** Logs within timings have lines of their own. */
  readonly hasLogLines: boolean;
}

/** The bars of a trace. */
export function Waterfall({ items, layout, around, hasLogLines }: WaterfallProps) {
  const [span, setSpan] = useParameter("span");
  const [zoom, setZoom] = useParameter("zoom");
  const folded = useSignal<ReadonlySet<string>>(new Set());
  const handle = useRef<VirtualListHandle | null>(null);
  const { rows, start, end } = layout;
  const shown = useMemo(
    () => shownRows(rows, items, { folded: folded.value, hasLogLines }),
    [rows, items, folded.value, hasLogLines],
  );
  const logs = useMemo(() => logsByRow(rows, items), [rows, items]);
  const window: Stretch = parseStretch(zoom) ?? { from: start, to: end };
  const zoomTo = (stretch: Stretch | undefined) =>
    setZoom(stretch === undefined ? "" : formatStretch(stretch), "replace");
  const itemAt = (place: number) => items[(rows[shown[place] as number] as Row).at] as Item;
  const placeOf = (id: string) => shown.findIndex((_, place) => itemAt(place).id === id);
  const active = useSignal(span);
  const keyboard = useKeyboard({ items, rows, shown, folded, active, placeOf, handle });
  const open = (id: string) => {
    active.value = id;
    setSpan(id === span ? "" : id, "replace");
  };
  const activeItem = items.find(({ id }) => id === active.value);
  useShortcut("Enter", "Open or close the record", () => {
    if (activeItem !== undefined) open(activeItem.id);
  });
  useShortcut("j", "Next record", () => keyboard.move(1));
  useShortcut("k", "Previous record", () => keyboard.move(-1));
  useShortcut("+", "Zoom to the record's bar", () => {
    if (activeItem !== undefined && activeItem.end > activeItem.start) zoomTo(around10(activeItem));
  });
  useShortcut("z", "Zoom out", () => zoomTo(undefined));
  // A linked record is in view.
  useEffect(() => {
    const place = span === "" ? -1 : placeOf(span);
    if (place > 0) handle.current?.scrollTo(place, "center");
  }, []);
  const marks = axisMarks(window, start, MARKS_MAX);
  return (
    <div class="trace-chart" style={gridOf(marks, start, window)} onKeyDown={keyboard.press}>
      <div class="trace-line trace-head">
        <span>Record</span>
        <Axis
          window={window}
          start={start}
          marks={marks}
          gaps={layout.gaps}
          around={around}
          onSelect={(stretch) => {
            if (stretch.to - stretch.from > (window.to - window.from) * ZOOM_SHARE_MIN) zoomTo(stretch);
          }}
        />
        <span class="trace-takes">
          {zoom === "" ? "Takes" : <IconButton icon="zoomOut" label="Zoom out" onPress={() => zoomTo(undefined)} />}
        </span>
      </div>
      <VirtualList
        label="Trace"
        count={shown.length}
        estimatePx={LINE_PX}
        itemKey={(place) => (place < shown.length ? itemAt(place).id : place)}
        handle={handle}
        render={(place) => {
          const at = shown[place];
          const row = at === undefined ? undefined : rows[at];
          if (at === undefined || row === undefined) return null;
          const item = itemAt(place);
          const isFolded = folded.value.has(item.id);
          return (
            <Line
              item={item}
              row={row}
              window={window}
              start={start}
              logs={logs(at, isFolded).map((log) => items[(rows[log] as Row).at] as Item)}
              isFolded={keyboard.hasLines(at) || isFolded ? isFolded : undefined}
              isOpen={item.id === span}
              isActive={item.id === active.value || (place === 0 && placeOf(active.value) === -1)}
              onOpen={() => open(item.id)}
              onFold={() => keyboard.fold(item.id)}
            />
          );
        }}
      />
    </div>
  );
}

function around10({ start, end }: Item): Stretch {
  const margin = (end - start) * ZOOM_MARGIN;
  return { from: start - margin, to: end + margin };
}

/** Lines at the marks, as the size and the place of a repeated background. */
function gridOf(marks: readonly number[], start: number, window: Stretch): Record<string, string> {
  const [first, second] = marks;
  if (first === undefined || second === undefined) return {};
  const step = (second - first) / (window.to - window.from);
  const at = shareOf(start + first, window);
  return { "--trace-step": `${step * 100}%`, "--trace-at": `${step < 1 ? (at / (1 - step)) * 100 : 0}%` };
}

interface KeyboardOptions {
  readonly items: readonly Item[];
  readonly rows: readonly Row[];
  /** The rows that have lines. */
  readonly shown: readonly number[];
  readonly folded: Signal<ReadonlySet<string>>;
  /** The id of the line that the tab key reaches. */
  readonly active: Signal<string>;
  readonly placeOf: (id: string) => number;
  readonly handle: { readonly current: VirtualListHandle | null };
}

/** Moves in the tree: up and down, right into it or open, left closed or out of it. */
function useKeyboard({ items, rows, shown, folded, active, placeOf, handle }: KeyboardOptions) {
  const wantsFocus = useRef(false);
  const place = placeOf(active.value);
  const idAt = (at: number) => (items[(rows[at] as Row).at] as Item).id;
  const go = (to: number) => {
    const next = Math.min(Math.max(to, 0), shown.length - 1);
    const at = shown[next];
    if (at === undefined) return;
    wantsFocus.current = true;
    active.value = idAt(at);
    handle.current?.scrollTo(next);
  };
  // The line exists only after the list has scrolled to it.
  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    const line = document.getElementById(lineId(active.value));
    if (line === null) return;
    wantsFocus.current = false;
    line.focus({ preventScroll: true });
  });
  const fold = (id: string) => {
    const next = new Set(folded.value);
    if (!next.delete(id)) next.add(id);
    folded.value = next;
  };
  const hasLines = (at: number) => {
    const next = shown[shown.indexOf(at) + 1];
    return next !== undefined && (rows[next] as Row).parent === at;
  };
  const turn = (isRight: boolean) => {
    const at = shown[place];
    if (at === undefined) return go(0);
    const isFolded = folded.value.has(active.value);
    if (isRight && isFolded) fold(active.value);
    else if (isRight && hasLines(at)) go(place + 1);
    else if (!isRight && hasLines(at)) fold(active.value);
    else if (!isRight) go(shown.indexOf((rows[at] as Row).parent));
    return undefined;
  };
  const press = (event: KeyboardEvent) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(target instanceof Element && target.matches(".trace-name, .virtual-list"))) return;
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(place + 1),
      ArrowUp: () => go(place - 1),
      ArrowRight: () => turn(true),
      ArrowLeft: () => turn(false),
      Home: () => go(0),
      End: () => go(shown.length - 1),
    };
    const move = moves[key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  };
  return { press, fold, hasLines, move: (step: number) => go(place + step) };
}
