// How the state log has recently completed timings: one change a group, of both key types. All numbers are
// little-endian.
//
//   u32 × 2: bytes of the server keys' changes, bytes of the client keys'; then these two
//   changes: u32 × 2: absorbed, added; f64 each absorbed id; for each added one its f64 × 5 and its u32 × 4
//
// Version 0.1 wrote "completes", with f64 × 4: it did not know senders.

import type { StateChange } from "../../commit/group_write.ts";
import type { Source } from "../../core/record.ts";

/** The kind of these changes in the state log. */
export const COMPLETED_KIND = "recently_completed";
/** The kind of version 0.1, whose changes have no senders. */
export const SENDERLESS_COMPLETED_KIND = "completes";

/**
 * u32 a timing: hash of project and key (2), hash of project, key type and touchpoint (2); (0, 0) for an absent name.
 */
export const HASHES = 4;
/** f64 a timing: id, receivedAt, startTime, endTime, sender. */
export const NUMBERS = 5;
const SENDERLESS_NUMBERS = 4;

const HEAD_BYTES = 8;
/** f64 that an added timing takes. */
const WIDTH = NUMBERS + HASHES / 2;

/** A change of the state log, whichever version wrote it. */
export type CompletedChange = Pick<StateChange, "kind" | "data">;

/**
 * Encodes the changes of one key type; `places` are the added rows of `numbers` and `hashes`. Empty where there are
 * none.
 */
export function writeChanges(
  absorbed: readonly number[],
  places: readonly number[],
  numbers: Float64Array,
  hashes: Uint32Array,
): Uint8Array {
  if (absorbed.length === 0 && places.length === 0) return new Uint8Array(0);
  const written = new Float64Array(1 + absorbed.length + WIDTH * places.length);
  const words = new Uint32Array(written.buffer);
  words[0] = absorbed.length;
  words[1] = places.length;
  written.set(absorbed, 1);
  let at = 1 + absorbed.length;
  for (const place of places) {
    // One by one: for so few, a view and a copy take three times as long.
    for (let n = 0; n < NUMBERS; n++) written[at + n] = numbers[NUMBERS * place + n] as number;
    for (let n = 0; n < HASHES; n++) words[2 * (at + NUMBERS) + n] = hashes[HASHES * place + n] as number;
    at += WIDTH;
  }
  return new Uint8Array(written.buffer);
}

/**
 * Decodes what `writeChanges` encoded: calls `onAbsorbed` for each absorbed id, then `onAdded` for each added timing,
 * in their order. An added timing has `count` numbers from `numbersAt` on, and its hashes from `hashesAt` on.
 */
export function readChanges(
  { kind, data: changes }: CompletedChange,
  onAbsorbed: (id: number) => void,
  onAdded: (numbers: Float64Array, numbersAt: number, count: number, hashes: Uint32Array, hashesAt: number) => void,
): void {
  const count = kind === SENDERLESS_COMPLETED_KIND ? SENDERLESS_NUMBERS : NUMBERS;
  const width = count + HASHES / 2;
  // A copy, because a view into SQLite's memory may be misaligned.
  const bytes = changes.slice().buffer;
  const numbers = new Float64Array(bytes, 0, bytes.byteLength >>> 3);
  const words = new Uint32Array(bytes, 0, 2 * numbers.length);
  const added = 1 + (words[0] ?? 0);
  for (const id of numbers.subarray(1, added)) onAbsorbed(id);
  for (let at = added; at + width <= numbers.length; at += width) {
    onAdded(numbers, at, count, words, 2 * (at + count));
  }
}

/** Joins both key types' changes to one change of the state log; undefined where there are none. */
export function joinChanges(changes: Readonly<Record<Source, Uint8Array>>): Uint8Array | undefined {
  const { server, client } = changes;
  if (server.length === 0 && client.length === 0) return undefined;
  const part = new Uint8Array(HEAD_BYTES + server.length + client.length);
  new Uint32Array(part.buffer, 0, 2).set([server.length, client.length]);
  part.set(server, HEAD_BYTES);
  part.set(client, HEAD_BYTES + server.length);
  return part;
}

/** The inverse of `joinChanges`; returns views into `part`. */
export function splitChanges(part: Uint8Array): Record<Source, Uint8Array> {
  const serverBytes = new DataView(part.buffer, part.byteOffset, part.byteLength).getUint32(0, true);
  const clientAt = HEAD_BYTES + serverBytes;
  return { server: part.subarray(HEAD_BYTES, clientAt), client: part.subarray(clientAt) };
}
