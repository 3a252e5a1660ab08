// The methods that applications call. A start is remembered until its end, so that every timing reaches the server
// under a key of its own. A timing that ends before its start was sent becomes one complete entry.

import { newId } from "./ids.ts";
import { mergeEntries, plainEntry } from "./plain_entry.ts";
import type { Logger, Options, OutgoingEntry } from "./types.ts";

/** The most open starts. Above it the oldest is forgotten, and its end is sent alone. */
const OPEN_STARTS_MAX = 1000;

export interface LoggerSetup {
  /** Queues an entry. Returns a function that removes it; undefined: it was not queued. Never throws. */
  readonly write: (entry: OutgoingEntry) => (() => boolean) | undefined;
  readonly flush: () => Promise<boolean>;
  readonly options: () => Options;
}

interface OpenStart {
  readonly entry: OutgoingEntry;
  readonly hasOwnKey: boolean;
  /** The start, by the monotonic clock. */
  readonly beganMs: number;
  readonly takeBack: (() => boolean) | undefined;
}

/** A logger; its children share its open starts. */
export function createLogger({ write, flush, options }: LoggerSetup): Logger {
  const open: OpenStart[] = [];

  const makeLogger = (base: OutgoingEntry): Logger => {
    const complete = (entry: OutgoingEntry): void => {
      const endTime = entry.startTime && entry.duration ? {} : { endTime: Date.now() };
      write(mergeEntries(base, { ...endTime, ...entry }));
    };

    const logger: Logger = {
      log(given) {
        write(mergeEntries(base, { timestamp: Date.now(), ...plainEntry(given, "message") }));
      },
      start(given) {
        const fields = mergeEntries(base, plainEntry(given, "touchpoint"));
        const { standaloneStarts: standalone } = options();
        const entry = { key: newId(), startTime: Date.now(), standalone, ...fields };
        open.push({
          entry,
          hasOwnKey: !!fields.key,
          beganMs: performance.now() - Date.now() + (entry.startTime as number),
          takeBack: write(entry),
        });
        if (open.length > OPEN_STARTS_MAX) open.shift();
        return entry.key as string;
      },
      end(given) {
        const { key = base.key, ...end } = plainEntry(
          given,
          open.some(({ entry }) => entry.key === given) ? "key" : "touchpoint",
        );
        const touchpoint = end.touchpoint ?? (key ? undefined : base.touchpoint);
        // By key; else by touchpoint, the earliest, first among those without a key of their own.
        const candidates = open.filter(
          ({ entry }) => (!key || key === entry.key) && (entry.touchpoint === touchpoint || (key && !touchpoint)),
        );
        const start = candidates.find(({ hasOwnKey }) => !hasOwnKey) ?? candidates[0];
        if (!start) return complete({ key: key ?? newId(), ...end });
        open.splice(open.indexOf(start), 1);
        if (!start.entry.standalone) start.takeBack?.();
        const startTime = start.entry.startTime as number;
        const { endTime = startTime + (end.duration ?? round(performance.now() - start.beganMs)) } = end;
        const timed = { endTime, duration: end.duration ?? round((endTime as number) - startTime) };
        const { standalone: _, ...entry } = mergeEntries(start.entry, { ...end, ...timed });
        write({ ...entry, startTime });
      },
      record: (given) => complete(plainEntry(given)),
      time(touchpoint, work) {
        const key = logger.start(touchpoint);
        const endBadly = (error: unknown) => {
          logger.end({ key, level: "error", message: error });
          throw error;
        };
        const endWell = <Value>(value: Value): Value => {
          logger.end({ key });
          return value;
        };
        let result: PromiseLike<unknown>;
        try {
          result = work() as never;
        } catch (error) {
          return endBadly(error);
        }
        return (typeof result?.then === "function" ? result.then(endWell, endBadly) : endWell(result)) as never;
      },
      child: (fields) => makeLogger(mergeEntries(base, plainEntry(fields))),
      flush,
    };
    return logger;
  };

  return makeLogger({});
}

/** Clocks are not finer than a microsecond; floating point is. */
function round(milliseconds: number): number {
  return +milliseconds.toFixed(3);
}
