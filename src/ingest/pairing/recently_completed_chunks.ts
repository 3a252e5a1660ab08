// How the file remembers complete timings: one journal part a group, of both key types. All numbers little-endian.
//
//   u32 × 2: bytes of the server keys' changes, bytes of the client keys'; then these two
//   changes: u32 × 2: absorbed, added; f64 each absorbed id; for each added one its f64 × 5 and its u32 × 4
//
// Version 0.1 wrote "completes", with f64 × 4: it did not know senders.

import type { StateChange } from "../../commit/group_write.ts";
import type { Source } from "../../core/entry.ts";

/** The kind of these parts in the journal, and that of parts without senders. */
export const COMPLETES_KIND = "recently_completed";
export const SENDERLESS_KIND = "completes";

/** u32 of one complete timing: hash of project and key, hash of project, key type and touchpoint; (0, 0) for none. */
export const HASHES = 4;
/** f64 of one complete timing: id, receivedAt, startTime, endTime, sender. */
export const NUMBERS = 5;
const SENDERLESS_NUMBERS = 4;

const HEAD_BYTES = 8;
/** f64 that an added one takes. */
const WIDTH = NUMBERS + HASHES / 2;

/** A change of the state log, whichever version wrote it. */
export type CompletesChange = Pick<StateChange, "kind" | "data">;

/** Writes one key type's changes; `places` say which of the rows in `numbers` and `hashes` were added. */
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
 * Reads what `writeChanges` wrote, of a part of this kind: first the absorbed, then the added, in their order. One that was added has
 * so many numbers, and its hashes, from the given places on.
 */
export function readChanges(
  { kind, data: changes }: CompletesChange,
  onAbsorbed: (id: number) => void,
  onAdded: (numbers: Float64Array, numbersAt: number, count: number, hashes: Uint32Array, hashesAt: number) => void,
): void {
  const count = kind === SENDERLESS_KIND ? SENDERLESS_NUMBERS : NUMBERS;
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

/** One journal part of both key types' changes, or undefined when there are none. */
export function joinChanges(changes: Readonly<Record<Source, Uint8Array>>): Uint8Array | undefined {
  const { server, client } = changes;
  if (server.length === 0 && client.length === 0) return undefined;
  const part = new Uint8Array(HEAD_BYTES + server.length + client.length);
  new Uint32Array(part.buffer, 0, 2).set([server.length, client.length]);
  part.set(server, HEAD_BYTES);
  part.set(client, HEAD_BYTES + server.length);
  return part;
}

/** The inverse of `joinChanges`; views into the part. */
export function splitChanges(part: Uint8Array): Record<Source, Uint8Array> {
  const serverBytes = new DataView(part.buffer, part.byteOffset, part.byteLength).getUint32(0, true);
  const clientAt = HEAD_BYTES + serverBytes;
  return { server: part.subarray(HEAD_BYTES, clientAt), client: part.subarray(clientAt) };
}
