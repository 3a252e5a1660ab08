// One key's side of the library: the settings, the sender, and the path of an entry from a logger to the queue.

import { bytesOf } from "./bytes.ts";
import { createLogger, type LoggerSetup } from "./logger.ts";
import { mergeEntries, plainEntry } from "./plain_entry.ts";
import { plainCopy } from "./plain_values.ts";
import { createSender, type Sender } from "./sender.ts";
import type { Metadata, Options, OutgoingEntry, Platform, Problem, SimpleLogsApi, Source } from "./types.ts";

/** Entries that wait for the configuration. */
const EARLY_ENTRIES_MAX = 1000;
/** The most bytes of an entry as JSON: with its batch it fits a beacon. */
const ENTRY_BYTES_MAX = 50_000;
/** A larger entry keeps this many characters, as a text that replaces its metadata. */
const CUT_LENGTH = 8192;

/** A logger, and the functions that its platform calls. */
export interface Client extends Omit<SimpleLogsApi, "init"> {
  /** Changes the given settings. Entries logged before the first call with a key and an endpoint wait for it. */
  readonly configure: (options: Options) => void;
  readonly options: () => Options;
  readonly sender: Sender;
  /** Of the endpoint; "": not known yet. */
  readonly url: () => string;
  /** Reports an exception. */
  readonly fail: (cause: unknown) => void;
}

export interface ClientSetup {
  readonly platform: Platform;
  /** The key that the client sends with. */
  readonly source: Source;
  /**
   * Metadata that depends on where the code runs: ids of page and session, of request and trace. Called for each entry,
   * before the settings are looked at: it may call `configure`.
   */
  readonly context?: () => Metadata | undefined;
  /** Begins a new session: called by `clearIdentity`. */
  readonly renewSession?: () => void;
}

/** A client that sends once it is configured with its key and an endpoint. */
export function createClient({ platform, source, context, renewSession }: ClientSetup): Client {
  let options: { -readonly [Name in keyof Options]: Options[Name] } = {};
  let url = "";
  let identity: Metadata = {};
  let early: OutgoingEntry[] = [];

  const report = (problem: Problem): void => {
    try {
      if (options.debug) console.warn(problem);
      options.onError?.(problem);
    } catch {
      // An error handler that throws cannot be reported.
    }
  };

  const fail = (cause: unknown): void => report({ reason: "internal", message: "", status: 0, entryCount: 1, cause });

  const sender = createSender(platform, report);

  const write: LoggerSetup["write"] = (given) => {
    try {
      const found = context?.();
      if (!url) {
        if (early.push(given) > EARLY_ENTRIES_MAX) early.shift();
        return undefined;
      }
      const { environment, metadata, beforeSend, redact, sampleRate = 1 } = options;
      if (sampleRate < 1 && (given.key ? hashOf(given.key) : Math.random()) >= sampleRate) return undefined;
      const ambient = { environment, ...metadata, ...found, ...identity };
      let entry: OutgoingEntry | null | undefined = mergeEntries({ metadata: ambient }, given);
      if (beforeSend) entry = beforeSend(entry);
      if (!entry) return undefined;
      if (beforeSend || redact) entry = plainEntry(entry, "", redact);
      let text = JSON.stringify(entry);
      if (bytesOf(text) > ENTRY_BYTES_MAX) {
        text = JSON.stringify({ ...entry, metadata: { "…": text.slice(0, CUT_LENGTH) } });
      }
      return sender.push(text);
    } catch (cause) {
      return fail(cause) as undefined;
    }
  };

  const logger = createLogger({ write, flush: sender.flush, options: () => options });

  return {
    ...logger,
    sender,
    fail,
    url: () => url,
    options: () => options,
    configure(given) {
      options = { ...options, ...given };
      // Once, and not for every entry.
      options.metadata = plainCopy(options.metadata);
      const { apiEndpoint, [`${source}Key` as const]: key } = options;
      if (!key || !apiEndpoint) return;
      // A URL, too.
      url = String(apiEndpoint).replace(/\/*$/, "/enqueue");
      sender.configure(options, url, JSON.stringify({ key, source, entries: [] }).slice(0, -2));
      const waiting = early;
      early = [];
      waiting.forEach(write);
    },
    identify(given) {
      identity = plainCopy(given);
    },
    clearIdentity() {
      identity = {};
      renewSession?.();
    },
  };
}

/**
 * 0 to 1: the same for the same key, in every process. Neighbours are far apart: the factor is 2^32 by the golden
 * ratio.
 */
function hashOf(text: string): number {
  const hash = Array.from(text).reduce((sum, character) => Math.imul(sum ^ character.charCodeAt(0), 0x9e3779b1), 0);
  return (hash >>> 0) / 2 ** 32;
}
