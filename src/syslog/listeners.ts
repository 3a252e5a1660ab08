// The syslog listeners of the configuration. Each is one socket with its own batches, and the key pair that it sends
// with. They start after the queue, and stop before it.

import type { ApiKey, BatchIntake } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import { SYSLOG_PARTIAL_BYTES_MAX } from "../core/limits.ts";
import { formatSyslogAddress, type SyslogAddress } from "../core/syslog_address.ts";
import type { SyslogFigures, SyslogView } from "../core/telemetry.ts";
import { type Schedule, SyslogBatches } from "./batches.ts";
import { type BoundSocket, bindConnections, bindDatagrams, type TlsTexts } from "./bind.ts";
import { SyslogConnections } from "./connections.ts";
import { PartialBytes, textOf } from "./framing.ts";

/** One [[syslog]] table. */
export interface ListenerTable {
  readonly address: SyslogAddress;
  /** Name of the pair whose server key sends. */
  readonly key: string;
  /** Of times that name none; undefined: UTC. */
  readonly timeZone: string | undefined;
  /** Of a tls listener. */
  readonly tls: TlsTexts | undefined;
}

/** What the listeners need. */
export interface ListenersOptions {
  readonly tables: readonly ListenerTable[];
  readonly intake: BatchIntake;
  /** Unix ms. */
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** The server key of a pair, by the configuration in force; undefined: it is revoked or gone. */
  readonly key: (name: string) => ApiKey | undefined;
  /** Messages and bytes that a batch may have by the configuration, at most. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly log: (level: "info" | "warn", message: string) => void;
}

/** Real timers, for `schedule`. */
export const timeout: Schedule = (run, ms) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

class Listener {
  readonly name: string;
  /** The real address where port 0 was asked for. */
  address: SyslogAddress;
  readonly #table: ListenerTable;
  readonly #options: ListenersOptions;
  readonly #batches: SyslogBatches;
  readonly #connections: SyslogConnections;
  #socket: BoundSocket | undefined;
  #cut = 0;

  constructor(table: ListenerTable, options: ListenersOptions) {
    const { address, key, timeZone } = table;
    this.name = formatSyslogAddress(address);
    this.address = address;
    this.#table = table;
    this.#options = options;
    const query = new URLSearchParams({
      listener: this.name,
      ...(timeZone === undefined ? {} : { time_zone: timeZone }),
    });
    this.#batches = new SyslogBatches({
      ...options,
      key: () => options.key(key),
      route: `/syslog?${query.toString()}`,
      canWait: address.transport !== "udp",
      drained: () => this.#connections.resume(),
    });
    this.#connections = new SyslogConnections({
      message: (text, isCut, peer) => {
        if (isCut) this.#cut++;
        this.#batches.add(text, peer);
      },
      isFull: () => this.#batches.isFull,
      isOpen: () => options.key(key) !== undefined,
      partial: new PartialBytes(SYSLOG_PARTIAL_BYTES_MAX),
    });
  }

  /** Binds. Rejects with OperatingError. */
  async start(): Promise<void> {
    const { address, tls } = this.#table;
    const failed = (error: Error) => this.#options.log("warn", `syslog on ${this.name}: ${error.message}`);
    this.#socket =
      address.transport === "udp"
        ? await bindDatagrams(address, (bytes, peer) => this.#datagram(bytes, peer), failed)
        : await bindConnections(address, tls, this.#connections.add, failed);
    this.address = { ...address, port: this.#socket.port };
  }

  figures(): SyslogFigures {
    const { received, refused } = this.#batches;
    const { count, refused: connectionsRefused } = this.#connections;
    return { listener: this.name, received, refused, cut: this.#cut, connections: count, connectionsRefused };
  }

  keysChanged(): void {
    if (this.#options.key(this.#table.key) === undefined) this.#connections.closeAll();
    this.#batches.keysChanged();
  }

  async stop(graceMs: number): Promise<void> {
    this.#socket?.close();
    if (this.address.transport !== "udp") await this.#connections.stop();
    await this.#batches.stop(graceMs);
  }

  /** A datagram is one message; one without a byte is none. */
  #datagram(bytes: Uint8Array, peer: string): void {
    if (bytes.length > 0) this.#batches.add(textOf(bytes, false), peer.replace(/^::ffff:/, ""));
  }
}

export class SyslogListeners implements SyslogView {
  readonly #listeners: readonly Listener[];

  private constructor(listeners: readonly Listener[]) {
    this.#listeners = listeners;
  }

  /** Binds them all, or none: rejects with the OperatingError of the first that cannot. */
  static async start(options: ListenersOptions): Promise<SyslogListeners> {
    const started: Listener[] = [];
    try {
      for (const table of options.tables) {
        const listener = new Listener(table, options);
        await listener.start();
        started.push(listener);
        options.log("info", `syslog on ${formatSyslogAddress(listener.address)}, with the key of ${table.key}`);
      }
    } catch (error) {
      for (const listener of started) await listener.stop(0);
      throw error;
    }
    return new SyslogListeners(started);
  }

  /** The real addresses, in the order of the tables. */
  get addresses(): readonly SyslogAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  figures(): readonly SyslogFigures[] {
    return this.#listeners.map((listener) => listener.figures());
  }

  /** A reload has put other keys in force. */
  keysChanged(): void {
    for (const listener of this.#listeners) listener.keysChanged();
  }

  /** Takes nothing more, and resolves when what was taken is stored or, after `graceMs`, refused. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.stop(graceMs)));
  }
}
