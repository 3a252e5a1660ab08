// Syslog messages to log entries. In: a body of frames, one a message (see core/syslog_frames.ts); the query may name
// the listener's time_zone. A message is of RFC 5424, or of RFC 3164 with what senders make of it: no priority, no
// host, no tag, times of many forms. What is none of these is kept whole as the message; no message is refused.
//
// What becomes what: severity to level, application or tag to touchpoint; host, facility, process, message id and
// structured data to metadata, with the sender's address as `peer`, and the severity where it says more than the level.
// A message that is a JSON object (also after "@cee:") is unfolded; its own members win.

import type { Entry } from "../core/entry.ts";
import { isJsonObject, type JsonObject, setMember } from "../core/json.ts";
import { METADATA_DEPTH_MAX } from "../core/limits.ts";
import type { Level } from "../core/record.ts";
import { readFrames, type SyslogFrame } from "../core/syslog_frames.ts";
import { isTimeZone } from "../core/time_zone.ts";
import type { ParseGuard } from "../runtime/parse_guard.ts";
import type { Decode } from "./decoded.ts";
import { entryOf } from "./object_mapper.ts";
import { type StructuredData, structuredDataAt } from "./structured_data.ts";
import { SyslogTimes } from "./syslog_time.ts";
import { levelOf } from "./values.ts";

const FACILITIES = [
  ..."kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock".split(" "),
  ..."local0 local1 local2 local3 local4 local5 local6 local7".split(" "),
];
const PRIORITY = /^<(\d{1,3})>/;
const PRIORITY_MAX = 191;
/** Severities that say more than their level. */
const SEVERITIES: Readonly<Record<number, string>> = { 0: "emerg", 1: "alert", 2: "crit", 5: "notice" };

/** Version, time, host, application, process and message id of RFC 5424. */
const HEADER_5424 = /^1 (\S{1,64}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,128})(?: |$)/;
/** What Cisco writes before the time: a sequence number, and a host where it is told to. */
const CISCO = /^(?:: ?)?(?:(\d{1,10}): {1,2})?(?:([A-Za-z0-9][\w.-]{0,254}): )?/;
/** "sshd[123]: ", "shop: " or "docker/web[7] "; a colon between two words belongs to the message. */
const TAG = /^([^\s:[\]{}"'@][^\s:[\]]{0,127})(?:\[([^\s[\]]{0,128})\]:? ?|:(?: |$))/;
/** A tag without a colon, as servers forward the application of an RFC 5424 message: in lower case, or it is a word. */
const PLAIN_TAG = /^([a-z_][a-z0-9_./@-]{0,31}) (?=\S)/;
const HOST = /^(\S{1,255})(?: +|$)/;
/** A capitalised word where a host may be, with no tag after it, begins the message. */
const CAPITALISED = /^[A-Z][a-z]+$/;
const REPEATED = /^(?:last )?message repeated /;
/** rsyslog forwards a message with the space that stood after its tag; more spaces indent it. */
const FORWARDED_SPACE = /^ (?=[^ ])/;
const JSON_OBJECT = /^(?:@cee:)?\s*\{/;
/** Of all forms: what stood between two messages. */
const TRAILER = /[\0\r\n]$/;

/** The parts of a message; "" and undefined are none. */
interface Parts {
  time?: number | undefined;
  /** A time as it was written, where it is no instant. */
  timeText?: string | undefined;
  host?: string | undefined;
  tag?: string | undefined;
  pid?: string | undefined;
  messageId?: string | undefined;
  sequence?: string | undefined;
  data?: StructuredData | undefined;
  text: string;
}

export const decodeSyslog: Decode = (body, { guard, query }) => {
  const frames = typeof body === "string" ? readFrames(body) : undefined;
  if (frames === undefined) return { malformed: "The body is not made of frames" };
  const zone = query.get("time_zone");
  const times = new SyslogTimes(zone !== null && isTimeZone(zone) ? zone : null);
  return { entries: frames.map((frame) => entryOfFrame(frame, times, guard)), refused: [] };
};

function entryOfFrame({ message, peer, receivedAt }: SyslogFrame, times: SyslogTimes, guard: ParseGuard): Entry {
  times.receivedAt = receivedAt;
  const whole = withoutTrailer(message);
  const written = PRIORITY.exec(whole);
  const priority = written === null || Number(written[1]) > PRIORITY_MAX ? undefined : Number(written[1]);
  const rest = priority === undefined ? whole : whole.slice((written as RegExpExecArray)[0].length);
  const parts = (priority === undefined ? undefined : parts5424(rest, times, guard)) ?? parts3164(rest, times);
  const level = priority === undefined ? undefined : (levelOf(priority % 8) as Level);
  const metadata = metadataOf(parts, priority, peer);
  const entry: Entry = { message: parts.text, timestamp: parts.time ?? receivedAt };
  if (Object.keys(metadata).length > 0) entry.metadata = metadata;
  if (level !== undefined) entry.level = level;
  if (parts.tag !== undefined) entry.touchpoint = parts.tag;
  return unfold(entry, guard);
}

function withoutTrailer(message: string): string {
  let end = message.length;
  while (end > 0 && TRAILER.test(message[end - 1] as string)) end--;
  return message.slice(0, end);
}

/** The parts of a message of RFC 5424; undefined: it is none. */
function parts5424(text: string, times: SyslogTimes, guard: ParseGuard): Parts | undefined {
  const header = HEADER_5424.exec(text);
  if (header === null) return undefined;
  const [all, time = "", host, tag, pid, messageId] = header;
  const found = time === "-" ? undefined : times.at(time);
  if (time !== "-" && found === undefined) return undefined;
  // After so much of a header, data that is broken is a part of the message.
  const broken = text[all.length] === "[" ? { elements: {}, end: all.length } : undefined;
  const data = structuredDataAt(text, all.length, guard) ?? broken;
  if (data === undefined) return undefined;
  return {
    time: found?.instant,
    timeText: found !== undefined && found.instant === undefined ? time : undefined,
    host: valueOf(host),
    tag: valueOf(tag),
    pid: valueOf(pid),
    messageId: valueOf(messageId),
    data,
    text: withoutMark(text.slice(data.end)).replace(FORWARDED_SPACE, ""),
  };
}

function valueOf(text: string | undefined): string | undefined {
  return text === "-" ? undefined : text;
}

/** Without the byte order mark that says that a message is UTF-8. */
function withoutMark(text: string): string {
  return text.startsWith("\u{feff}") ? text.slice(1) : text;
}

/** The parts of any other message. */
function parts3164(text: string, times: SyslogTimes): Parts {
  let found = times.at(text);
  let at = 0;
  let sequence: string | undefined;
  let host: string | undefined;
  if (found === undefined) {
    const before = CISCO.exec(text) as RegExpExecArray;
    const rest = text.slice(before[0].length);
    found = before[0] === "" ? undefined : times.at(rest);
    if (found !== undefined || (before[1] !== undefined && rest.startsWith("%"))) {
      [, sequence, host] = before;
      at = before[0].length;
    }
  }
  if (found === undefined && at === 0) return withoutHeader(text);
  const parts = hostAndTag(text.slice(at + (found?.length ?? 0)), host !== undefined || sequence !== undefined);
  const timeText = found !== undefined && found.instant === undefined ? found.text : undefined;
  return { ...parts, host: host ?? parts.host, sequence, time: found?.instant, timeText };
}

/** "shop: text" of a sender that writes neither time nor host. A level before the colon is no tag. */
function withoutHeader(text: string): Parts {
  const tag = TAG.exec(text);
  if (tag === null || levelOf(tag[1]) !== undefined) return { text: withoutMark(text) };
  return { tag: tag[1], pid: tag[2], text: withoutMark(text.slice(tag[0].length)) };
}

/** What follows the time. */
function hostAndTag(rest: string, isWithoutHost: boolean): Parts {
  if (JSON_OBJECT.test(rest)) return { text: rest };
  const noHost = tagOf(rest);
  const isTag = noHost.tag !== undefined && (isWithoutHost || TAG.test(rest));
  if (isTag || isWithoutHost) return noHost;
  const host = HOST.exec(rest);
  if (host === null || host[0].length === rest.length || host[1]?.endsWith(":") === true)
    return { text: withoutMark(rest) };
  const afterHost = rest.slice(host[0].length).replace(/^: {0,2}/, "");
  const parts = tagOf(afterHost);
  const isWord = CAPITALISED.test(host[1] as string) && !TAG.test(afterHost) && !REPEATED.test(afterHost);
  return isWord ? { text: withoutMark(rest) } : { ...parts, host: host[1] };
}

function tagOf(text: string): Parts {
  const tag = REPEATED.test(text) ? null : (TAG.exec(text) ?? PLAIN_TAG.exec(text));
  if (tag === null) return { text: withoutMark(text) };
  return { tag: tag[1], pid: tag[2], text: withoutMark(text.slice(tag[0].length)) };
}

function metadataOf(parts: Parts, priority: number | undefined, peer: string): JsonObject {
  const metadata: JsonObject = {};
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== "") metadata[name] = value;
  };
  add("hostname", parts.host);
  if (priority !== undefined) {
    add("facility", FACILITIES[priority >> 3]);
    add("severity", SEVERITIES[priority % 8]);
  }
  add("pid", parts.pid);
  add("msgid", parts.messageId);
  add("sequence", parts.sequence);
  add("timestamp", parts.timeText);
  add("peer", peer === "-" ? undefined : peer);
  const { elements } = parts.data ?? {};
  for (const name in elements) {
    // A sender's own element of a name above is kept under another.
    setMember(metadata, Object.hasOwn(metadata, name) ? `sd_${name}` : name, elements[name]);
  }
  return metadata;
}

/** An entry whose message is a JSON object, with that object's members in its place. */
function unfold(entry: Entry, guard: ParseGuard): Entry {
  const { message = "", metadata } = entry;
  const object = objectOf(message, guard);
  if (object === undefined) return entry;
  const own = entryOf(object);
  const { message: _, ...rest } = entry;
  if (own.metadata === undefined) return { ...rest, ...own };
  const merged: JsonObject = { ...metadata };
  for (const name in own.metadata) setMember(merged, name, own.metadata[name]);
  return { ...rest, ...own, metadata: merged };
}

function objectOf(message: string, guard: ParseGuard): JsonObject | undefined {
  const text = JSON_OBJECT.test(message) ? message.slice(message.indexOf("{")).trimEnd() : "";
  if (!text.endsWith("}") || nestsTooDeep(text) || guard.refusal(text) !== undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a JSON text nests deeper than metadata may, so that it would be dropped: such a message stays a text. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === "\\") at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "{" || character === "[") {
      if (++depth >= METADATA_DEPTH_MAX) return true;
    } else if (character === "}" || character === "]") depth--;
  }
  return false;
}
