// What other logging libraries write, as entries: pino's lines of JSON, winston's objects.

import { Writable } from "node:stream";
import { levelOf } from "../core/levels.ts";
import type { Options } from "../core/types.ts";
import { client, configure, flushServer } from "./server_client.ts";

/** pino's levels, by their tens. */
const PINO_LEVELS = [undefined, "trace", "debug", "info", "warn", "error", "fatal"];
/** winston's: the level as it was given, where a format may have coloured the other. */
const LEVEL = Symbol.for("level");

/** Settings of `configureSDK`, and where pino was told to put messages. */
export interface PinoOptions extends Options {
  /** Default "msg". */
  readonly messageKey?: string | undefined;
}

/** Settings of `configureSDK`, and those that every transport of winston has. */
export interface WinstonOptions extends Options {
  /** The least important level that is sent. Default: the logger's. */
  readonly level?: string | undefined;
  readonly silent?: boolean | undefined;
  readonly handleExceptions?: boolean | undefined;
  readonly handleRejections?: boolean | undefined;
}

interface Fields {
  readonly message?: unknown;
  readonly timestamp?: number | undefined;
  readonly touchpoint?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * A stream for `pino(stream)`, and what `transport.target` loads into a worker. Its end waits until all that it took
 * was tried.
 */
export function pinoTransport(options: PinoOptions = {}): Writable {
  const { messageKey = "msg" } = options;
  configure(options);
  const decoder = new TextDecoder();
  let rest = "";
  const logLine = (line: string): void => {
    try {
      const { level, time: timestamp, [messageKey]: message, ...others } = JSON.parse(line);
      const name = PINO_LEVELS[Math.min(6, (level / 10) | 0)] ?? level;
      logFields(name, { ...others, timestamp, message });
    } catch {
      if (line) client.log(line);
    }
  };
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() as string;
      lines.forEach(logLine);
      done();
    },
    final(done) {
      logLine(rest);
      finish(done);
    },
  });
  // For pino's own `flush`.
  return Object.assign(stream, { flush: finish });
}

/**
 * For `winston.createLogger({ transports: [winstonTransport()] })`, winston 3. Its end waits until all that it took was
 * tried.
 */
export function winstonTransport(options: WinstonOptions = {}): Writable {
  const { level, silent, handleExceptions, handleRejections } = options;
  configure(options);
  let logger: { readonly levels?: Readonly<Record<string, number>>; readonly level?: string } = {};
  const log = (info: Record<string | symbol, unknown>, done?: () => void) => {
    const name = info[LEVEL] as string;
    const { levels = {}, level: usual = "" } = logger;
    const isMinor = (levels[name] ?? 0) > (levels[transport.level ?? usual] ?? Number.POSITIVE_INFINITY);
    if (!transport.silent && !isMinor && (transport.handleExceptions || !info["exception"])) {
      const { level: _, ...fields } = info;
      logFields(name ?? info["level"], fields);
    }
    done?.();
  };
  const stream = new Writable({
    objectMode: true,
    write: (info, _, done) => log(info, done),
    final: finish,
  });
  // winston takes a stream that has `log` for a transport.
  const transport = Object.assign(stream, { log, level, silent, handleExceptions, handleRejections });
  return transport.once("pipe", (source) => {
    logger = source as typeof logger;
  });
}

function finish(done: () => void): void {
  void flushServer().finally(done);
}

/** Names of levels that the server has not become metadata. */
function logFields(name: unknown, { message, timestamp, touchpoint, key, ...others }: Fields): void {
  const level = name === undefined ? undefined : levelOf(name as string);
  const metadata = level === name ? others : { levelName: name, ...others };
  client.log({ level, message, timestamp, touchpoint, key, metadata });
}
