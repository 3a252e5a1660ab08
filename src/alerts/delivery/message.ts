// A notification as words: what every kind of destination says of it. Texts are cut here, and hold no control
// characters, so that a record's message cannot end a line, a header or a block of its receiver.

import type { TemplateName } from "../../core/destination.ts";
import type { TemplateValue } from "../../core/json_template.ts";
import {
  type Notification,
  type NotificationSample,
  type NotificationState,
  SAMPLES_MAX,
  titleOf,
} from "../../core/notification.ts";
import type { Summary } from "./queue.ts";

/** What a destination is told. */
export type Told = Notification | Summary;

const TITLE_CHARACTERS_MAX = 120;
const MESSAGE_CHARACTERS_MAX = 300;
const QUERY_CHARACTERS_MAX = 1_000;
const NOTE_CHARACTERS_MAX = 2_000;
const URL_CHARACTERS_MAX = 4_000;

const STATE_WORDS: Readonly<Record<NotificationState, string>> = {
  firing: "firing",
  repeat: "still firing",
  resolved: "resolved",
  test: "test",
};

/** Whether something is wrong now, as far as this tells. */
export function isBad({ state }: Pick<Told, "state">): boolean {
  return state === "firing" || state === "repeat" || state === "summary";
}

/**
 * The text on one line, with at most so many characters; the last is "…" where it was cut. No half of a pair is left:
 * strict readers of JSON refuse one.
 */
export function oneLine(text: string, charactersMax: number): string {
  return cut(
    text
      .toWellFormed()
      .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
      .trim(),
    charactersMax,
  );
}

/** As oneLine, but lines stay lines. */
function lines(text: string, charactersMax: number): string {
  return cut(
    text
      .toWellFormed()
      .replace(/\r\n?|[\p{Zl}\p{Zp}]/gu, "\n")
      .replace(/[^\P{Cc}\n]+/gu, " ")
      .trim(),
    charactersMax,
  );
}

/** At most so many UTF-16 units, and no half of a pair at the end. */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  return `${text.slice(0, charactersMax - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** The rule and its group. */
export function shownTitle(notification: Pick<Notification, "rule" | "group">): string {
  return oneLine(titleOf(notification), TITLE_CHARACTERS_MAX);
}

/** "resolved: errors (touchpoint: checkout)": a subject. */
export function headlineOf(told: Told): string {
  if (told.state !== "summary") return `${STATE_WORDS[told.state]}: ${shownTitle(told)}`;
  const resolved = told.notifications.filter(({ state }) => state === "resolved").length;
  const firing = told.notifications.filter(isBad).length;
  return `${told.notifications.length} alerts at once: ${firing} firing, ${resolved} resolved`;
}

/** What was measured, in one sentence; of a summary, a line for each alert. */
export function sentenceOf(told: Told): string {
  if (told.state === "summary") return told.notifications.map(headlineOf).join("\n");
  const { value, threshold, side, kind } = told;
  const bound = `${side} ${formatValue(threshold, kind)}`;
  const where = told.project === undefined ? "" : ` in ${oneLine(told.project, TITLE_CHARACTERS_MAX)}`;
  const measured = value === undefined ? "nothing was measured" : measuredText(value, kind);
  const window = `${isoTime(told.from)} to ${isoTime(told.to)}`;
  return `${measured}${where} (alert when ${bound}), ${window}`;
}

/** "1 record", "12 records", "12.5 % of the records". */
function measuredText(value: number, kind: Notification["kind"]): string {
  const noun = value === 1 ? NOUNS[kind].replace(/^(records|open timings)$/, (many) => many.slice(0, -1)) : NOUNS[kind];
  return `${formatValue(value, kind)} ${noun}`;
}

const NOUNS: Readonly<Record<Notification["kind"], string>> = {
  count: "records",
  share: "of the records",
  percentile: "of duration",
  silence: "records",
  running: "open timings",
};

/** "1,204", "12.5 %" or "850 ms", by what the rule measures. */
export function formatValue(value: number, kind: Notification["kind"]): string {
  if (kind === "share") return `${Number((value * 100).toPrecision(4))} %`;
  if (kind === "percentile")
    return value < 10_000 ? `${Number(value.toPrecision(4))} ms` : `${Number((value / 1000).toPrecision(4))} s`;
  return String(Number(value.toPrecision(15)));
}

/** "2026-11-30T09:00:00.000Z"; a time that is none is empty. */
export function isoTime(time: number): string {
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : "";
}

/** "2026-11-30T09:00:00.000Z error api/orders Payment failed". */
export function sampleLine({ time, level, touchpoint, message }: NotificationSample): string {
  const parts = [isoTime(time), level ?? "", touchpoint ?? "", message ?? ""].map((part) =>
    oneLine(part, MESSAGE_CHARACTERS_MAX),
  );
  return parts.filter((part) => part !== "").join(" ");
}

/** The samples, bounded, as members of JSON. */
export function shownSamples(samples: readonly NotificationSample[]): Record<string, unknown>[] {
  return samples.slice(0, SAMPLES_MAX).map((sample) => ({
    id: sample.id,
    time: isoTime(sample.time),
    level: sample.level,
    touchpoint: sample.touchpoint === undefined ? undefined : oneLine(sample.touchpoint, MESSAGE_CHARACTERS_MAX),
    message: sample.message === undefined ? undefined : lines(sample.message, MESSAGE_CHARACTERS_MAX),
    url: cut(sample.url, URL_CHARACTERS_MAX),
  }));
}

/** Everything that is known, as JSON's members: the body of a webhook without a template. */
export function membersOf(told: Told): Record<string, unknown> {
  if (told.state === "summary") {
    const { id, at, replaced, notifications } = told;
    const alerts = notifications.map((one) => ({ ...membersOf(one), samples: undefined }));
    return {
      id,
      state: "summary",
      name: headlineOf(told),
      summary: headlineOf(told),
      at: isoTime(at),
      replaced,
      alerts,
    };
  }
  const { id, state, kind, value, threshold, side, severity } = told;
  return {
    id,
    name: oneLine(told.rule, TITLE_CHARACTERS_MAX),
    state,
    severity,
    summary: `${headlineOf(told)}: ${sentenceOf(told)}`,
    project: told.project,
    group: shownGroup(told),
    kind,
    value: value ?? null,
    threshold,
    side,
    query: cut(told.query, QUERY_CHARACTERS_MAX),
    from: isoTime(told.from),
    to: isoTime(told.to),
    since: isoTime(told.since),
    note: noteOf(told),
    url: linkOf(told),
    samples: shownSamples(told.samples),
  };
}

function shownGroup({ group }: Notification): Notification["group"] {
  if (group === undefined) return undefined;
  return { field: oneLine(group.field, TITLE_CHARACTERS_MAX), value: oneLine(group.value, MESSAGE_CHARACTERS_MAX) };
}

/** The rule's note, where it has one. */
export function noteOf(told: Told): string | undefined {
  return told.state === "summary" || told.note === undefined ? undefined : lines(told.note, NOTE_CHARACTERS_MAX);
}

/** What opens the search; of a summary, that of its first alert. */
export function linkOf(told: Told): string {
  const url = told.state === "summary" ? told.notifications[0]?.url : told.url;
  return cut(url ?? "", URL_CHARACTERS_MAX);
}

/** The values of a template's placeholders. */
export function templateValues(told: Told): Record<TemplateName, TemplateValue> {
  const text = (value: string): TemplateValue => ({ text: value, value });
  const time = (value: number): TemplateValue => ({ text: isoTime(value), value: isoTime(value) });
  if (told.state === "summary") {
    const none = text("");
    const count = { text: String(told.replaced), value: told.replaced };
    return {
      id: text(told.id),
      name: text(headlineOf(told)),
      state: text("summary"),
      kind: text("summary"),
      value: count,
      threshold: { text: "", value: null },
      side: none,
      query: none,
      url: text(linkOf(told)),
      samples: { text: sentenceOf(told), value: [] },
      project: none,
      group: { text: "", value: null },
      severity: text(severityOf(told)),
      note: none,
      since: time(told.at),
      from: time(told.at),
      to: time(told.at),
      summary: text(`${headlineOf(told)}\n${sentenceOf(told)}`),
    };
  }
  const { group, kind, value, threshold } = told;
  return {
    id: text(told.id),
    name: text(shownTitle(told)),
    state: text(told.state),
    kind: text(kind),
    value: { text: value === undefined ? "" : formatValue(value, kind), value: value ?? null },
    threshold: { text: formatValue(threshold, kind), value: threshold },
    side: text(told.side),
    query: text(cut(told.query, QUERY_CHARACTERS_MAX)),
    url: text(linkOf(told)),
    samples: { text: told.samples.slice(0, SAMPLES_MAX).map(sampleLine).join("\n"), value: shownSamples(told.samples) },
    project: text(told.project ?? ""),
    group: {
      text: group === undefined ? "" : oneLine(`${group.field}: ${group.value}`, MESSAGE_CHARACTERS_MAX),
      value: shownGroup(told) ?? null,
    },
    severity: text(told.severity),
    note: text(noteOf(told) ?? ""),
    since: time(told.since),
    from: time(told.from),
    to: time(told.to),
    summary: text(`${headlineOf(told)}: ${sentenceOf(told)}`),
  };
}

/** The most urgent severity of what is told. */
export function severityOf(told: Told): Notification["severity"] {
  if (told.state !== "summary") return told.severity;
  const severities = told.notifications.map(({ severity }) => severity);
  return severities.includes("critical") ? "critical" : severities.includes("warning") ? "warning" : "info";
}
