// The connections of one listener. In: sockets. Out: their messages. While the queue is full they are read no further,
// so the senders keep what they have. Connections of syslog are quiet for hours, so none is closed for that; the
// system asks those that are silent whether they still live.

import type { Socket } from "node:net";
import { SYSLOG_CONNECTIONS_MAX } from "../core/limits.ts";
import { type PartialBytes, SyslogFraming } from "./framing.ts";

/** What the connections need. */
export interface ConnectionsOptions {
  readonly message: (text: string, isCut: boolean, peer: string) => void;
  /** Whether nothing is to be read now. */
  readonly isFull: () => boolean;
  /** Whether connections are taken at all. */
  readonly isOpen: () => boolean;
  readonly partial: PartialBytes;
}

/** After so many ms of silence the system asks. */
const KEEP_ALIVE_MS = 60_000;
/** How long a stop waits for what senders have sent already, in ms. */
const LAST_READ_MS = 100;

export class SyslogConnections {
  readonly #options: ConnectionsOptions;
  /** Each with what ends its messages. */
  readonly #open = new Map<Socket, () => void>();
  #isStopped = false;
  refused = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Takes a connection, or closes it where there are too many. */
  readonly add = (socket: Socket): void => {
    const { isFull, isOpen, message, partial } = this.#options;
    socket.on("error", () => socket.destroy());
    if (this.#open.size >= SYSLOG_CONNECTIONS_MAX || !isOpen() || this.#isStopped) {
      this.refused++;
      socket.destroy();
      return;
    }
    const peer = (socket.remoteAddress ?? "-").replace(/^::ffff:/, "");
    const framing = new SyslogFraming({ message: (text, isCut) => message(text, isCut, peer) }, partial);
    this.#open.set(socket, () => framing.end());
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("data", (bytes: Buffer) => {
      framing.push(bytes);
      if (isFull()) this.#pause();
    });
    socket.on("close", () => this.#end(socket));
    if (isFull()) socket.pause();
  };

  /** Reads none of them any further: each might bring as much as this one. */
  #pause(): void {
    for (const socket of this.#open.keys()) if (!socket.isPaused()) socket.pause();
  }

  /** Reads on. */
  resume(): void {
    for (const socket of this.#open.keys()) socket.resume();
  }

  /** Closes all connections. */
  closeAll(): void {
    for (const socket of this.#open.keys()) {
      this.#end(socket);
      socket.destroy();
    }
  }

  /** Reads what was sent already, unless the queue is full, and closes all connections. */
  async stop(): Promise<void> {
    await new Promise((wake) => setTimeout(wake, LAST_READ_MS));
    this.#isStopped = true;
    this.closeAll();
  }

  #end(socket: Socket): void {
    this.#open.get(socket)?.();
    this.#open.delete(socket);
  }
}
