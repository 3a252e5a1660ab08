// The top of the frame: the project and the time range of everything below, and buttons for the whole app. The chosen
// scope is in the address.

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { type Clocks, formatClock } from "../../core/format.ts";
import { localTimeZone } from "../../core/time_zone.ts";
import { useServer, useViewer } from "../api/server_context.ts";
import { IconButton } from "../components/button.tsx";
import { Link } from "../components/link.tsx";
import { Popover } from "../components/overlays.tsx";
import { useApp, useParameter, useScope, useShortcut, useTimes } from "../state/app_context.ts";
import { readRangeText } from "../state/range_text.ts";
import {
  hasRange,
  lastOf,
  PRESETS,
  rangeBounds,
  rangeLabel,
  rangeParameters,
  shownZone,
  type TimeRange,
  widened,
} from "../state/time_range.ts";
import { BrandMark } from "./sign_in.tsx";
import { ViewButtons } from "./views.tsx";

interface HeaderProps {
  readonly onHelp: () => void;
  readonly onSignOut: () => void;
}

/** The header, with the shortcuts to refresh and to choose a time range. */
export function Header({ onHelp, onSignOut }: HeaderProps) {
  const { announcer, router } = useApp();
  const { refreshes } = useServer();
  const refresh = () => {
    refreshes.value++;
    announcer.say("Refreshing");
  };
  useShortcut("r", "Refresh", refresh, "Anywhere");
  return (
    <header class="header">
      <Link page="overview" class="brand">
        <BrandMark /> <span class="brand-name">SimpleLogs</span>
      </Link>
      <div class="header-scope">
        <ProjectPicker />
        {hasRange(router.address.value) ? <RangePicker /> : null}
        <IconButton icon="refresh" label="Refresh" onPress={refresh} />
      </div>
      <div class="header-end">
        <span class="header-viewer wide-only">
          <ViewerName />
        </span>
        <ViewButtons />
        <span class="wide-only">
          <IconButton icon="help" label="Keyboard shortcuts" onPress={onHelp} />
        </span>
        <IconButton icon="exit" label="Sign out" onPress={onSignOut} />
      </div>
    </header>
  );
}

/** Who is signed in, and what they may read. */
export function ViewerName() {
  const viewer = useViewer();
  if (viewer === undefined) return null;
  const { name, isAdmin, projects } = viewer;
  return (
    <span title={projects === null ? "All projects" : `Projects: ${projects.join(", ")}`}>
      <span class="muted">Signed in as</span> {name}
      {isAdmin ? null : <span class="muted">, read only</span>}
    </span>
  );
}

function focusPopover(id: string): void {
  document.querySelector<HTMLElement>(`[data-popover="${id}"]`)?.click();
}

function ProjectPicker() {
  const { usage } = useServer();
  const [project, setProject] = useParameter("project");
  const { value } = usage.state.value;
  const names = new Set([...(value?.storage ?? []), ...(value?.usage ?? [])].map((row) => row.project));
  if (project !== "") names.add(project);
  return (
    <label class="project-picker">
      <span class="visually-hidden">Project</span>
      <select class="field" title="Project" value={project} onChange={(event) => setProject(event.currentTarget.value)}>
        <option value="">All projects</option>
        {[...names].toSorted().map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Id of the range picker's button, for its shortcut. */
const RANGE_BUTTON = "range";

function RangePicker() {
  const { router, environment } = useApp();
  const { range } = useScope();
  const zoomOut = () => {
    const wider = widened(range, environment.clock());
    if (wider !== undefined) router.change(rangeParameters(wider));
  };
  const canZoomOut = widened(range, environment.clock()) !== undefined;
  useShortcut("t", "Choose the time range", () => focusPopover(RANGE_BUTTON), "Anywhere");
  useShortcut("z", "Zoom out", zoomOut, "Anywhere");
  const choose = (chosen: TimeRange, close: () => void) => {
    router.change(rangeParameters(chosen));
    close();
  };
  const { clocks } = useTimes();
  const label = rangeLabel(range, clocks);
  return (
    <>
      <Popover
        prefix="Time range:"
        label={<RangeLabel range={range} clocks={clocks} />}
        name={`Time range: ${label}`}
        icon="clock"
        id={RANGE_BUTTON}
      >
        {(close) => (
          <div class="range-panel">
            <TypedRange onChoose={(chosen) => choose(chosen, close)} />
            <ul class="range-presets">
              {PRESETS.map((preset) => (
                <li key={preset.text}>
                  <button
                    type="button"
                    class="range-preset"
                    aria-pressed={range.kind === "last" && range.text === preset.text}
                    onClick={() => choose(lastOf(preset.text), close)}
                  >
                    {preset.label}
                  </button>
                </li>
              ))}
            </ul>
            <AbsoluteRange key={clocks} range={range} onChoose={(chosen) => choose(chosen, close)} />
            <ClockChoice />
          </div>
        )}
      </Popover>
      <IconButton icon="zoomOut" label="Zoom out" onPress={zoomOut} isDisabled={!canZoomOut} />
    </>
  );
}

interface TypedRangeProps {
  readonly onChoose: (range: TimeRange) => void;
}

/** A range in words. Enter chooses it. */
function TypedRange({ onChoose }: TypedRangeProps) {
  const { environment } = useApp();
  const { clocks } = useTimes();
  const id = useId();
  const text = useSignal("");
  const problem = useSignal("");
  const submit = (event: Event) => {
    event.preventDefault();
    const read = readRangeText(text.value, environment.clock(), shownZone(clocks));
    if (read.ok) onChoose(read.value);
    else problem.value = `${sentence(read.hint)}.`;
  };
  return (
    <form class="range-typed" onSubmit={submit} noValidate>
      <label for={`${id}-text`}>Type a range</label>
      <input
        id={`${id}-text`}
        class="field"
        type="text"
        placeholder="3h · yesterday · 12:00 to 13:00"
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          problem.value = "";
        }}
        aria-invalid={problem.value === "" ? undefined : true}
        aria-describedby={`${id}-problem`}
      />
      <p id={`${id}-problem`} class="field-problem" role="alert">
        {problem.value}
      </p>
    </form>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const CLOCKS: readonly Clocks[] = ["local", "utc"];

/** Whether times are of the browser's zone, which is named, or UTC. */
function ClockChoice() {
  const { router } = useApp();
  const { refreshes } = useServer();
  const { clocks } = useTimes();
  const choose = (chosen: Clocks) => {
    router.change({ clocks: chosen === "utc" ? chosen : undefined }, "replace");
    // The times in a search mean something else now.
    refreshes.value++;
  };
  return (
    <fieldset class="range-clocks">
      <legend>Times are shown in</legend>
      {CLOCKS.map((one) => (
        <label key={one} class="check">
          <input type="radio" name="clocks" checked={clocks === one} onChange={() => choose(one)} />
          {zoneName(one)}
        </label>
      ))}
    </fieldset>
  );
}

function zoneName(clocks: Clocks): string {
  return clocks === "utc" ? "UTC" : localTimeZone();
}

interface AbsoluteRangeProps {
  readonly range: TimeRange;
  readonly onChoose: (range: TimeRange) => void;
}

function AbsoluteRange({ range, onChoose }: AbsoluteRangeProps) {
  const { environment } = useApp();
  const { clocks } = useTimes();
  const id = useId();
  const bounds = rangeBounds(range, environment.clock());
  const from = useSignal(fieldText(bounds.from, clocks));
  const to = useSignal(range.kind === "last" ? "" : fieldText(bounds.to, clocks));
  const problem = useSignal("");
  const submit = (event: Event) => {
    event.preventDefault();
    const start = instantOf(from.value, bounds.from, clocks);
    const end = instantOf(to.value, bounds.to, clocks);
    if (start === undefined && end === undefined) problem.value = "Enter a start, an end, or both.";
    else if (start !== undefined && end !== undefined && start >= end)
      problem.value = "The end must be after the start.";
    else onChoose({ kind: "between", from: start, to: end });
  };
  return (
    <form class="range-form" onSubmit={submit} noValidate>
      <label>
        From
        <input
          class="field"
          type="datetime-local"
          step={1}
          value={from.value}
          onInput={(event) => {
            from.value = event.currentTarget.value;
          }}
          aria-describedby={`${id}-problem`}
        />
      </label>
      <label>
        To (empty: now)
        <input
          class="field"
          type="datetime-local"
          step={1}
          value={to.value}
          onInput={(event) => {
            to.value = event.currentTarget.value;
          }}
          aria-describedby={`${id}-problem`}
        />
      </label>
      <p id={`${id}-problem`} class="field-problem" role="alert">
        {problem.value}
      </p>
      <button type="submit" class="button primary">
        Show this range
      </button>
    </form>
  );
}

/** A shorter label on narrow screens. */
function RangeLabel({ range, clocks }: { readonly range: TimeRange; readonly clocks: Clocks }) {
  return (
    <>
      <span class="wide-only">
        {rangeLabel(range, clocks)} <span class="range-zone">{zoneName(clocks)}</span>
      </span>
      <span class="narrow-only">{range.kind === "last" ? range.text : "Custom"}</span>
    </>
  );
}

/**
 * The instant in a field, in Unix ms. An unchanged field keeps its bound, since it shows neither fractions nor which of
 * two equal hours is meant.
 */
function instantOf(text: string, bound: number | undefined, clocks: Clocks): number | undefined {
  if (text === "") return undefined;
  if (text === fieldText(bound, clocks)) return bound;
  return Date.parse(clocks === "utc" ? `${text}Z` : text);
}

/** The value of a datetime-local field. "" for years of more than four digits. */
function fieldText(time: number | undefined, clocks: Clocks): string {
  const text = time === undefined ? "" : formatClock(time, clocks).slice(0, 19).replace(" ", "T");
  return text.length === 19 ? text : "";
}
