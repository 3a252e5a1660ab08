// An event of Sentry as a log: what was thrown, or the message that was captured. Its touchpoint groups: "errors/", the
// type, and the culprit, which is the transaction, else the innermost function of the application itself. It has no
// line numbers, no ids and no values. What only helps to show an event in Sentry (source lines, local variables, the
// list of modules) is left out.
// Source: https://develop.sentry.dev/sdk/data-model/event-payloads/

import type { Entry } from "../core/entry.ts";
import { isJsonObject, type JsonObject, jsonBeginning, setMember } from "../core/json.ts";
import { SENTRY_BREADCRUMBS_MAX, SENTRY_CAUSES_MAX } from "../core/limits.ts";
import { culpritOf, touchpointPart } from "./sentry_culprit.ts";
import { type StackFrames, stackText } from "./sentry_stack.ts";
import { cut, objectIn, objectsOf, secondsOf, textOf } from "./sentry_values.ts";
import { levelOf } from "./values.ts";

/** Characters of a breadcrumb's message, and of the JSON of its data; longer data is left out. */
const BREADCRUMB_LENGTH_MAX = 1_000;
/** Characters of the JSON of a context; a longer one is left out. */
const CONTEXT_LENGTH_MAX = 2_000;

/** Of the contexts that SDKs set, the members that tell one installation from another. */
const CONTEXT_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  runtime: ["name", "version"],
  os: ["name", "version"],
  browser: ["name", "version"],
  device: ["model", "family", "arch"],
  app: ["app_name", "app_version", "app_build"],
  trace: [],
  culture: [],
};

/** Members that are taken as they are. */
const TEXT_MEMBERS = ["event_id", "release", "dist", "environment", "server_name", "platform", "logger", "transaction"];

/** The entry of an event. `envelopeSdk` is the SDK that the envelope names. */
export function eventEntry(event: JsonObject, envelopeSdk: unknown): Entry {
  const exceptions = objectsOf(event["exception"]);
  const last = exceptions.at(-1);
  const captured = messageOf(event);
  // SDKs attach the stack of a captured message as an exception without a type.
  const thrown =
    last !== undefined && (captured === undefined || textOf(last["type"]) !== undefined) ? last : undefined;
  const frames = framesOf(event, last);
  const type = thrown === undefined ? undefined : (textOf(thrown["type"]) ?? "Error");
  const trace = objectIn(objectIn(event, "contexts"), "trace");
  const timestamp = secondsOf(event["timestamp"]);
  const key = textOf(trace["trace_id"]);
  const message = thrown === undefined ? captured : exceptionText(thrown);
  return {
    touchpoint: textOf(objectIn(event, "tags")["touchpoint"]) ?? touchpointOf(event, type, frames),
    ...(key === undefined ? {} : { key }),
    level: levelOf(event["level"]) ?? "error",
    ...(message === undefined ? {} : { message }),
    ...(timestamp === undefined ? {} : { timestamp }),
    metadata: metadataOf(event, {
      captured: thrown === undefined ? undefined : captured,
      thrown,
      causes: thrown === undefined ? [] : exceptions.slice(0, -1).toReversed(),
      stack: stackText(frames),
      spanId: textOf(trace["span_id"]),
      sdk: sdkText(event["sdk"]) ?? sdkText(envelopeSdk),
    }),
  };
}

/** What was captured or logged, in the forms of new and old SDKs. */
function messageOf(event: JsonObject): string | undefined {
  const { logentry, message } = event;
  for (const value of [logentry, message]) {
    const text = isJsonObject(value) ? (textOf(value["formatted"]) ?? textOf(value["message"])) : textOf(value);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** "TypeError: x is not a function", or what there is of it. */
function exceptionText(exception: JsonObject): string | undefined {
  const parts = [textOf(exception["type"]), textOf(exception["value"])].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(": ");
}

/** Where it happened: of the exception, else of the event, else of the thread that crashed or captured. */
function framesOf(event: JsonObject, exception: JsonObject | undefined): StackFrames {
  const platform = textOf(event["platform"]);
  const threads = objectsOf(event["threads"]);
  const thread = threads.find((one) => one["crashed"] === true) ?? threads.find((one) => one["current"] === true);
  for (const holder of [exception, event, thread]) {
    const frames = holder === undefined ? [] : objectsOf(objectIn(holder, "stacktrace")["frames"]);
    if (frames.length > 0) return { frames, platform };
  }
  return { frames: [], platform };
}

function touchpointOf(event: JsonObject, type: string | undefined, frames: StackFrames): string {
  const parts = [...(type === undefined ? ["messages"] : ["errors", touchpointPart(type)]), culpritOf(event, frames)];
  return parts.filter((part) => part !== undefined && part !== "").join("/");
}

interface Found {
  /** A message beside the exception. */
  readonly captured: string | undefined;
  readonly thrown: JsonObject | undefined;
  /** What the exception was caused by, the nearest first. */
  readonly causes: readonly JsonObject[];
  readonly stack: string | undefined;
  readonly spanId: string | undefined;
  readonly sdk: string | undefined;
}

function metadataOf(event: JsonObject, { captured, thrown, causes, stack, spanId, sdk }: Found): JsonObject {
  const metadata: JsonObject = {};
  for (const name of TEXT_MEMBERS) put(metadata, name, textOf(event[name]));
  put(metadata, "spanId", spanId);
  put(metadata, "message", captured);
  put(metadata, "stack", stack);
  put(metadata, "causes", causesOf(causes, textOf(event["platform"])));
  const handled = thrown === undefined ? undefined : objectIn(thrown, "mechanism")["handled"];
  if (typeof handled === "boolean") metadata["handled"] = handled;
  put(metadata, "user", userOf(event["user"]));
  put(metadata, "tags", event["tags"]);
  put(metadata, "extra", event["extra"]);
  put(metadata, "contexts", contextsOf(objectIn(event, "contexts")));
  put(metadata, "request", requestOf(objectIn(event, "request")));
  put(metadata, "breadcrumbs", breadcrumbsOf(event["breadcrumbs"]));
  put(metadata, "fingerprint", fingerprintOf(event["fingerprint"]));
  put(metadata, "sdk", sdk);
  return metadata;
}

/** Sets a member to what says something: no null, no empty text, list or object. */
function put(target: JsonObject, name: string, value: unknown): void {
  if (value === undefined || value === null || value === "") return;
  if (Array.isArray(value) ? value.length === 0 : isJsonObject(value) && isEmpty(value)) return;
  setMember(target, name, value);
}

function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

function causesOf(exceptions: readonly JsonObject[], platform: string | undefined): JsonObject[] {
  return exceptions.slice(0, SENTRY_CAUSES_MAX).map((exception) => {
    const cause: JsonObject = {};
    put(cause, "type", textOf(exception["type"]));
    put(cause, "message", textOf(exception["value"]));
    put(cause, "stack", stackText({ frames: objectsOf(objectIn(exception, "stacktrace")["frames"]), platform }));
    return cause;
  });
}

/** As it is, without an address that is to be found out by the server. */
function userOf(user: unknown): JsonObject | undefined {
  if (!isJsonObject(user)) return undefined;
  const copy: JsonObject = {};
  for (const name in user) if (user[name] !== "{{auto}}") put(copy, name, user[name]);
  return copy;
}

function contextsOf(contexts: JsonObject): JsonObject {
  const kept: JsonObject = {};
  for (const name in contexts) {
    const context = contexts[name];
    const members = Object.hasOwn(CONTEXT_MEMBERS, name) ? CONTEXT_MEMBERS[name] : undefined;
    if (members !== undefined && isJsonObject(context)) put(kept, name, picked(context, members));
    else if (isShort(context, CONTEXT_LENGTH_MAX)) put(kept, name, context);
  }
  return kept;
}

function picked(object: JsonObject, names: readonly string[]): JsonObject {
  const copy: JsonObject = {};
  for (const name of names) put(copy, name, textOf(object[name]));
  return copy;
}

function isShort(value: unknown, lengthMax: number): boolean {
  return jsonBeginning(value, lengthMax).length <= lengthMax;
}

function requestOf(request: JsonObject): JsonObject {
  return picked(request, ["method", "url"]);
}

function breadcrumbsOf(breadcrumbs: unknown): JsonObject[] {
  return objectsOf(breadcrumbs)
    .slice(-SENTRY_BREADCRUMBS_MAX)
    .map((breadcrumb) => {
      const time = secondsOf(breadcrumb["timestamp"]);
      const message = textOf(breadcrumb["message"]);
      const compact: JsonObject = {};
      put(compact, "time", time === undefined ? undefined : new Date(time).toISOString());
      put(compact, "category", textOf(breadcrumb["category"]) ?? textOf(breadcrumb["type"]));
      put(compact, "level", textOf(breadcrumb["level"]));
      put(compact, "message", message === undefined ? undefined : cut(message, BREADCRUMB_LENGTH_MAX));
      if (isShort(breadcrumb["data"] ?? null, BREADCRUMB_LENGTH_MAX)) put(compact, "data", breadcrumb["data"]);
      return compact;
    });
}

/** One that the application chose. */
function fingerprintOf(fingerprint: unknown): string[] {
  if (!Array.isArray(fingerprint)) return [];
  const parts = fingerprint.filter((part) => typeof part === "string");
  return parts.every((part) => /^\{\{ ?default ?\}\}$/.test(part)) ? [] : parts;
}

/** "sentry.javascript.node 11.12.0". */
function sdkText(sdk: unknown): string | undefined {
  if (!isJsonObject(sdk)) return undefined;
  const name = textOf(sdk["name"]);
  const version = textOf(sdk["version"]);
  return name === undefined || version === undefined ? name : `${name} ${version}`;
}
