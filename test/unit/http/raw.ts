// Bytes to a server and bytes back, for what no HTTP client would send.

import { connect, type Socket } from "node:net";

/** A connection that collects what comes. */
export class RawConnection {
  received = "";
  isClosed = false;
  readonly #socket: Socket;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawConnection(socket)));
    });
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Writes and waits until the bytes have left, or the connection is gone. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(bytes, () => resolve());
    });
  }

  /** Sends FIN: nothing more comes from here. */
  end(): void {
    this.#socket.end();
  }

  /** Leaves what comes in the kernel's buffers. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Resolves with everything received once it satisfies, or once the other end has closed. */
  async until(isEnough: (received: string) => boolean): Promise<string> {
    while (!isEnough(this.received) && !this.isClosed) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    return this.received;
  }
}

/** Status codes of the responses in what was received. */
export function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
    .map((match) => Number(match[1]))
    .filter((status) => status !== 100);
}
