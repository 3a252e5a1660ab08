// The frames of an exception as a text that people read: a line a frame, the innermost first.

import type { JsonObject } from "../core/json.ts";
import { SENTRY_FRAMES_MAX } from "../core/limits.ts";
import { cut, textOf } from "./sentry_values.ts";

/** Frames as an event has them: the innermost last. */
export interface StackFrames {
  readonly frames: readonly JsonObject[];
  /** Of the event: in some languages a function's name is nothing without its module's. */
  readonly platform: string | undefined;
}

/** Characters of a function's name, and of a file's. */
const NAME_LENGTH_MAX = 300;
/** Languages in which the module is the class. */
const CLASS_PLATFORMS: ReadonlySet<string> = new Set(["java", "csharp"]);

/** "at function (file:line:column)" a line; library code is marked where the application's own is too. */
export function stackText({ frames, platform }: StackFrames): string | undefined {
  if (frames.length === 0) return undefined;
  const hasOwn = frames.some((frame) => frame["in_app"] === true);
  const lines = frames
    .slice(-SENTRY_FRAMES_MAX)
    .toReversed()
    .map((frame) => `${frameText(frame, platform)}${hasOwn && frame["in_app"] === false ? " [library]" : ""}`);
  if (frames.length > SENTRY_FRAMES_MAX) lines.push(`… ${frames.length - SENTRY_FRAMES_MAX} more`);
  return lines.join("\n");
}

function frameText(frame: JsonObject, platform: string | undefined): string {
  const module = textOf(frame["module"]);
  const name = textOf(frame["function"]) ?? textOf(frame["instruction_addr"]) ?? "?";
  const qualified = module !== undefined && CLASS_PLATFORMS.has(platform ?? "") ? `${module}.${name}` : name;
  const place = [
    cut(
      textOf(frame["filename"]) ?? textOf(frame["abs_path"]) ?? textOf(frame["package"]) ?? module ?? "?",
      NAME_LENGTH_MAX,
    ),
    textOf(frame["lineno"]),
    textOf(frame["colno"]),
  ];
  return `at ${cut(qualified, NAME_LENGTH_MAX)} (${place.filter((part) => part !== undefined).join(":")})`;
}
