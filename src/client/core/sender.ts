// Entries in, requests out. One batch is in flight, in order, frozen with its idempotency key and sent with the same bytes until it is
// answered for good. What waits is bounded; the oldest that was never sent goes first, counted.

import { batchUrl, freezeBatch, splitBatch } from "./batches.ts";
import { bytesOf } from "./bytes.ts";
import { retryDelayMs } from "./retry.ts";
import type { Answer, Batch, Options, Platform, Problem } from "./types.ts";

/** Bytes of a request that may outlive its page: what browsers allow, over all of them, is 64 KiB. */
export const BEACON_BYTES_MAX = 60_000;

/**
 * How often a refused batch and its halves may be split before the server takes one of them: enough to find each bad entry of a hundred, and
 * an end where it takes none.
 */
const SPLITS_MAX = 16;

export interface Sender {
  /** Sends from now on. `url`: of the endpoint. `head`: a batch's text up to the first entry, "{…,"entries":[". */
  configure(options: Options, url: string, head: string): void;
  /** Puts an entry's JSON text into the queue; returns how to take it back: false once it is in a batch or gone. */
  push(text: string): () => boolean;
  /** True: all that was pushed before the call is settled. False: an attempt failed. */
  readonly flush: () => Promise<boolean>;
  /** For leaving a page: takes out the oldest that waits, as a batch. One in flight stays there, and is not tried again. */
  take(): Batch | undefined;
  /** Puts batches of another page first. */
  adopt(batches: readonly Batch[]): void;
  /** Counts entries that are lost. */
  countDropped(entryCount: number): void;
  /** From a failed attempt to the next good one. */
  isFailing(): boolean;
}

export function createSender(
  { later, post }: Pick<Platform, "later" | "post">,
  report: (problem: Problem) => void,
): Sender {
  let options: Options = {};
  let url = "";
  let head = "";
  /** In order: batches, then entries that no batch holds yet, whose `id` is "". */
  const queue: Batch[] = [];
  let entryCount = 0;
  let bytes = 0;
  let sequence = 0;
  let dropped = 0;
  let failures = 0;
  let splitsLeft = SPLITS_MAX;
  let inFlight: Batch | undefined;
  let cancelTimer: (() => void) | undefined;
  let flushes: { readonly until: number; readonly resolve: (isSettled: boolean) => void }[] = [];

  const count = (batch: Batch, sign: number): void => {
    entryCount += sign * batch.entryCount;
    bytes += sign * batch.bytes;
  };

  /** As Array.splice; keeps the counts. */
  const replace = (at: number, length: number, ...inserted: Batch[]): Batch[] => {
    const removed = queue.splice(at, length, ...inserted);
    for (const batch of inserted) count(batch, 1);
    for (const batch of removed) count(batch, -1);
    return removed;
  };

  /** Makes what stands first a batch, if anything does. */
  const freeze = (): void => {
    const first = queue[0];
    if (first?.id) return;
    const texts: string[] = [];
    splitsLeft = SPLITS_MAX;
    if (dropped) {
      const entry = {
        touchpoint: "simplelogs/dropped",
        level: "warn",
        timestamp: Date.now(),
        metadata: { count: dropped },
      };
      texts.push(JSON.stringify(entry));
      dropped = 0;
    }
    let left = BEACON_BYTES_MAX - head.length - 200;
    const fitting = queue
      .slice(0, Math.max(1, (options.maxBatchSize ?? 100) - texts.length))
      .filter(({ bytes }, index) => (left -= bytes) >= 0 || !index);
    for (const { body } of replace(0, fitting.length)) texts.push(body);
    if (texts[0]) replace(0, 0, freezeBatch(`${head}${texts.join()}]}`, texts.length, first?.sequence ?? sequence));
  };

  /** Ends those whose entries are settled; all, where an attempt failed. */
  const endFlushes = (isSettled: boolean): void => {
    const oldest = queue[0]?.sequence ?? Number.POSITIVE_INFINITY;
    flushes = flushes.filter(({ until, resolve }) => (isSettled && oldest <= until) || resolve(isSettled));
  };

  const pumpAfter = (delayMs: number): void => {
    cancelTimer?.();
    cancelTimer = later(delayMs, pump);
  };

  const pump = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    endFlushes(!!url);
    if (!url || inFlight) return;
    freeze();
    if (queue[0]) send(queue[0]);
  };

  const send = (batch: Batch): void => {
    inFlight = batch;
    batch.isTried = true;
    // A repetition does without: others use what may be kept alive too.
    const isKeepalive = !failures && batch.bytes < BEACON_BYTES_MAX;
    const { sendTimeout = 10_000 } = options;
    void post(batchUrl(url, batch), batch.body, isKeepalive, sendTimeout).then((answer) => receive(batch, answer));
  };

  const receive = (batch: Batch, { status, retryAfter, text }: Answer): void => {
    inFlight = undefined;
    const willRetry = !status || status === 429 || status > 500;
    if (!willRetry) batch.onSettled?.();
    // Otherwise it was taken over while it was in flight.
    if (queue[0] === batch) {
      const { entryCount } = batch;
      const problem = { status, message: text ?? "no answer", entryCount };
      if (willRetry) {
        if (!failures) report({ ...problem, reason: "unreachable" });
        endFlushes(false);
        return pumpAfter(retryDelayMs(failures++, retryAfter));
      }
      failures = 0;
      replace(0, 1);
      if (/413|422/.test(status as never) && entryCount > 1 && splitsLeft-- > 0) replace(0, 0, ...splitBatch(batch));
      // A redirect to a page for signing in ends in 200: only 202 is the endpoint's.
      else if (status === 202) splitsLeft = SPLITS_MAX;
      else report({ ...problem, reason: "refused" });
    }
    return pump();
  };

  return {
    configure(given, ...target) {
      options = given;
      [url, head] = target;
      pumpAfter(0);
    },
    push(body) {
      const { maxQueueSize = 1000, maxQueueBytes = 1_048_576, maxBatchSize = 100, batchInterval = 250 } = options;
      const waiting = { id: "", body, bytes: bytesOf(body) + 1, entryCount: 1, sequence: ++sequence };
      replace(queue.length, 0, waiting);
      for (;;) {
        const isOver = entryCount > maxQueueSize || bytes > maxQueueBytes;
        const at = isOver ? queue.findIndex(({ id }) => !id) : -1;
        if (at < 0) break;
        count(queue[at] as Batch, -1);
        // Batches move over it, and the first place goes: in Node 0.1 us, where a removal from the middle of a thousand takes 18 us.
        queue.copyWithin(1, 0, at).shift();
        dropped++;
      }
      // Only the entry that fills a batch: the timer is set anew once.
      const isFull =
        entryCount === maxBatchSize || (bytes > BEACON_BYTES_MAX && bytes - waiting.bytes <= BEACON_BYTES_MAX);
      if (!inFlight && (!cancelTimer || (isFull && !failures))) pumpAfter(isFull ? 0 : batchInterval);
      return () => {
        const at = queue.indexOf(waiting);
        return at >= 0 && !!replace(at, 1);
      };
    },
    flush: () =>
      new Promise((resolve) => {
        flushes.push({ until: sequence, resolve });
        pump();
      }),
    take() {
      freeze();
      const [taken] = replace(0, 1);
      endFlushes(true);
      return taken;
    },
    adopt(batches) {
      replace(inFlight && queue[0] === inFlight ? 1 : 0, 0, ...batches);
      pumpAfter(0);
    },
    countDropped(lost) {
      dropped += lost;
    },
    isFailing: () => failures > 0,
  };
}
