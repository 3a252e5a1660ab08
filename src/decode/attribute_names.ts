// The names of attributes on their way to member names of objects. The engine keeps each member name once, in a table
// whose hash has no secret, and makes slots for names that are small numbers: see runtime/parse_guard.ts. So each name
// that is not known here goes to the guard before an object gets it, and the slots of a body are counted.
//
// Measured (Bun 1.4.5, one core, 512 records with 5 attributes each): with the table 880 records a ms, without 340.

import { randomBytes } from "node:crypto";
import { type JsonObject, setMember } from "../core/json.ts";
import { type ParseGuard, SPARSE_NAMES, slotsMaxOf, slotsOf } from "../runtime/parse_guard.ts";

/** Names that are known, a power of 2. Another name takes the place of one. */
const NAMES_MAX = 2_048;
/** The longest name that is kept, in bytes. */
const NAME_BYTES_MAX = 64;
/** Names that are known as texts; then they are forgotten. */
const TEXTS_MAX = 4_096;
/**
 * Names of one body that go to the guard: 26 in each of 10,000 records. A body of 8 MiB could have a million, each for
 * itself, which took a writer a second.
 */
const GUARDED_MAX = 256 * 1024;
const FNV_PRIME = 16_777_619;
/** With two digits or three, a name may be a number that makes slots; with one it is within any bound. */
const SLOT_NAME_LENGTH_MAX = 3;
const DIGIT_0 = 48;
const DIGIT_9 = 57;

/** One for all bodies of a thread. */
export class AttributeNames {
  /** A random beginning: nobody can know which names have one place. */
  readonly #seed = randomBytes(4).readUInt32LE();
  readonly #texts: (string | undefined)[] = Array.from({ length: NAMES_MAX });
  readonly #lengths = new Uint8Array(NAMES_MAX);
  /** The bytes of each, NAME_BYTES_MAX apart. */
  readonly #bytes = new Uint8Array(NAMES_MAX * NAME_BYTES_MAX);
  readonly #known = new Set<string>();
  #guard: ParseGuard | undefined;
  #guardedCount = 0;
  #slots = 0;
  #slotsMax = 0;
  /** Why the body is not to be read on, or undefined. */
  refusal: string | undefined;

  /** Begins a body of `length` bytes or characters. */
  begin(guard: ParseGuard, length: number): void {
    this.#guard = guard;
    this.#guardedCount = 0;
    this.#slots = 0;
    this.#slotsMax = slotsMaxOf(length);
    this.refusal = undefined;
  }

  /** The name whose UTF-8 bytes stand there. */
  ofBytes(bytes: Buffer, from: number, to: number): string {
    const length = to - from;
    if (length > NAME_BYTES_MAX) return this.#guarded(bytes.toString("utf8", from, to));
    let hash = this.#seed;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME);
    const first = (hash ^ (hash >>> 15)) & (NAMES_MAX - 1);
    if (this.#isAt(first, bytes, from, length)) return this.#texts[first] as string;
    const second = first ^ 1;
    if (this.#isAt(second, bytes, from, length)) return this.#texts[second] as string;
    const text = this.#guarded(bytes.toString("utf8", from, to));
    if (this.refusal !== undefined) return text;
    const place = this.#texts[first] === undefined || (hash & NAMES_MAX) !== 0 ? first : second;
    this.#texts[place] = text;
    this.#lengths[place] = length;
    bytes.copy(this.#bytes, place * NAME_BYTES_MAX, from, to);
    return text;
  }

  /** A name that is a text already. */
  ofText(text: string): string {
    if (this.#known.has(text)) return text;
    const guarded = this.#guarded(text);
    if (this.refusal !== undefined || text.length > NAME_BYTES_MAX) return guarded;
    if (this.#known.size >= TEXTS_MAX) this.#known.clear();
    this.#known.add(text);
    return text;
  }

  /** Sets a member; gives the slots that an object needs which needed `slots` before. */
  set(target: JsonObject, name: string, value: unknown, slots: number): number {
    if (this.refusal !== undefined) return slots;
    setMember(target, name, value);
    const unit = name.charCodeAt(0);
    if (unit > DIGIT_9 || unit < DIGIT_0 || name.length > SLOT_NAME_LENGTH_MAX) return slots;
    return Math.max(slots, slotsOf(name));
  }

  /** Counts the slots of an object that is complete. */
  count(slots: number): void {
    if (slots === 0) return;
    this.#slots += slots;
    if (this.#slots > this.#slotsMax) this.refusal ??= SPARSE_NAMES;
  }

  #isAt(place: number, bytes: Buffer, from: number, length: number): boolean {
    if (this.#lengths[place] !== length || this.#texts[place] === undefined) return false;
    const offset = place * NAME_BYTES_MAX;
    for (let at = 0; at < length; at++) if (this.#bytes[offset + at] !== bytes[from + at]) return false;
    return true;
  }

  /**
   * The name after the guard has seen it. It looks at places of all texts, and at what stands after them: written
   * twice, a name is found as often as in a body of JSON.
   */
  #guarded(name: string): string {
    if (this.refusal !== undefined) return "";
    const text = `${JSON.stringify(name)}:0,`;
    this.refusal = this.#guard?.refusal(text + text);
    if (++this.#guardedCount > GUARDED_MAX) this.refusal ??= `The body has more than ${GUARDED_MAX} names`;
    return this.refusal === undefined ? name : "";
  }
}
