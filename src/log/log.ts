// The server's own log: JSON lines for machines, aligned and coloured lines on a terminal. It holds no request bodies
// and no keys.

import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  type LogLevel,
  resetSync,
} from "@logtape/logtape";
import type { Level } from "../core/record.ts";
import { maskKeys } from "../core/secrets.ts";
import { escapeControls } from "../core/terminal.ts";

/** Writes one line of the log; properties are plain values. */
export type Log = (level: Level, message: string, properties?: Readonly<Record<string, unknown>>) => void;

/** How and where the log is written. */
interface LogOptions {
  readonly level: Level;
  /** Whether the output is a terminal. */
  readonly isTerminal: boolean;
  readonly write: (line: string) => void;
}

const LEVELS: Readonly<Record<Level, LogLevel>> = { debug: "debug", info: "info", warn: "warning", error: "error" };

interface LineParts {
  readonly timestamp: string | null;
  readonly level: string;
  readonly message: string;
  readonly record: { readonly properties: Record<string, unknown> };
}

/** Time, level, message and properties; control characters are escaped. */
function terminalLine({ timestamp, level, message, record }: LineParts): string {
  const properties = Object.entries(record.properties).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${timestamp ?? ""} ${level} ${message}${escapeControls(properties.join(""))}`;
}

function maskedValue(value: unknown): unknown {
  return typeof value === "string" ? maskKeys(value) : value;
}

/** Makes the log of this process; a second call changes it. */
export function createLog(options: LogOptions): Log {
  const format = options.isTerminal
    ? getAnsiColorFormatter({ timestamp: "time", category: () => "", format: terminalLine })
    : getJsonLinesFormatter({ categorySeparator: ".", message: "rendered" });
  resetSync();
  configureSync({
    sinks: {
      out: (record) => options.write(format(record)),
    },
    loggers: [
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "fatal" },
      { category: ["simplelogs"], sinks: ["out"], lowestLevel: LEVELS[options.level] },
    ],
  });
  const logger = getLogger(["simplelogs"]);
  return (level, message, given = {}) => {
    const properties = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, maskedValue(value)]));
    // LogTape would take braces in the message for placeholders.
    const masked = maskKeys(message);
    const shown = options.isTerminal ? escapeControls(masked) : masked;
    const text = shown.replaceAll("{", "{{").replaceAll("}", "}}");
    if (level === "debug") logger.debug(text, properties);
    else if (level === "info") logger.info(text, properties);
    else if (level === "warn") logger.warn(text, properties);
    else logger.error(text, properties);
  };
}
