// Entries in, requests out. One batch is in flight at a time, in order. It is frozen with its idempotency key and sent
// with the same bytes until its final response. The queue is bounded: the oldest entries that were never sent are
// dropped and counted.

import { batchUrl, freezeBatch, splitBatch } from "./batches.ts";
import { bytesOf } from "./bytes.ts";
import { retryDelayMs } from "./retry.ts";
import type { Answer, Batch, Options, Platform, Problem } from "./types.ts";

/** Bytes of a request that may outlive its page: what browsers allow, over all of them, is 64 KiB. */
export const BEACON_BYTES_MAX = 60_000;

/**
 * How often a refused batch and its halves may be split before the server takes one of them: enough to find each bad
 * entry of a hundred, and an end where it takes none.
 */
const SPLITS_MAX = 16;

export interface Sender {
  /** Starts to send. `url` of the endpoint. `head` is a batch's text up to the first entry: "{…,"entries":[". */
  configure(options: Options, url: string, head: string): void;
  /**
   * Queues an entry's JSON text. Returns a function that removes it; that returns false once the entry is in a batch or
   * dropped.
   */
  push(text: string): () => boolean;
  /**
   * Resolves to true when every entry pushed before the call has a final response, or to false when an attempt failed.
   */
  readonly flush: () => Promise<boolean>;
  /**
   * For a page that is left: removes the oldest waiting entries as a batch. A batch in flight stays, and is not
   * retried.
   */
  take(): Batch | undefined;
  /** Puts batches of another page first. */
  adopt(batches: readonly Batch[]): void;
  /** Counts lost entries. */
  countDropped(entryCount: number): void;
  /** True from a failed attempt to the next successful one. */
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

  /** Like Array.splice, and updates the counts. */
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

  /** Resolves the waiting flushes whose entries are done; all of them after a failed attempt. */
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
    // A retry does without keepalive: other requests share its budget.
    const isKeepalive = !failures && batch.bytes < BEACON_BYTES_MAX;
    const { sendTimeout = 10_000 } = options;
    void post(batchUrl(url, batch), batch.body, isKeepalive, sendTimeout).then((answer) => receive(batch, answer));
  };

  const receive = (batch: Batch, { status, retryAfter, text }: Answer): void => {
    inFlight = undefined;
    const willRetry = !status || status === 429 || status > 500;
    if (!willRetry) batch.onSettled?.();
    // Otherwise another page took the batch over while it was in flight.
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
      // A redirect to a sign-in page ends in 200. Only a 202 comes from the endpoint.
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
        // Batches move over it, and the first place goes: in Node 0.1 us, where a removal from the middle of a thousand
        // takes 18 us.
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
