// The body of a request of node:http, which a runtime without a listener of its own uses: small ones whole, others as a
// stream that reads on only when it is asked to.

import type { IncomingMessage } from "node:http";

/** Bodies that announce up to so many bytes are waited for: the application reads them at once, without a stream. */
const WHOLE_BYTES_MAX = 1024 * 1024;

/** The body once it is there; undefined when it does not say that it is small, "gone" when the client went first. */
export function readWhole(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | undefined | "gone"> {
  const length = Number(incoming.headers["content-length"] ?? Number.NaN);
  if (!(length <= WHOLE_BYTES_MAX)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    incoming.on("data", (piece: Buffer) => pieces.push(piece));
    incoming.on("end", () => resolve(Buffer.concat(pieces)));
    incoming.on("close", () => resolve("gone"));
  });
}

/** The body as it comes; ends with an error when the client goes before its end. Unread, it stays with the client. */
export function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let isBegun = false;
  let isOver = false;
  const begin = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    isBegun = true;
    const end = (work: () => void) => {
      if (!isOver) work();
      isOver = true;
    };
    incoming.on("data", (piece: Buffer) => {
      if (!isOver) controller.enqueue(piece);
      if (!isOver) incoming.pause();
    });
    incoming.on("end", () => end(() => controller.close()));
    incoming.on("close", () => end(() => controller.error(new Error("the client has gone"))));
  };
  const source = {
    pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      if (incoming.destroyed) controller.error(new Error("the client has gone"));
      else if (isBegun) incoming.resume();
      else begin(controller);
    },
    cancel() {
      // What still comes is thrown away, so that the client reads the answer before the connection ends.
      isOver = true;
      incoming.resume();
    },
  };
  return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });
}
