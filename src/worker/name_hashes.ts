// Keyed 64-bit hashes of names, for memories that compare names without keeping them. (0, 0) stands for no name.

import { Lanes } from "./lanes.ts";

const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);

export class NameHasher {
  readonly #lanes: Lanes;
  readonly #seed: readonly [number, number];

  /** `seed` is two u32 that nobody else knows. */
  constructor(seed: readonly [number, number]) {
    this.#lanes = new Lanes(seed);
    this.#seed = seed;
  }

  /** Puts the hash of a name of one kind in one project into two words from `at` on. */
  hashInto(into: Uint32Array, at: number, kind: string, project: string, name: string | undefined): void {
    if (name === undefined) {
      into[at] = 0;
      into[at + 1] = 0;
      return;
    }
    const lanes = this.#lanes;
    lanes.begin(this.#seed[0], this.#seed[1]);
    lanes.addText(kind);
    lanes.addText(project);
    lanes.addText(name);
    lanes.finish();
    into[at] = lanes.a;
    into[at + 1] = lanes.b;
  }
}

/** Whether two words from `at` on stand for no name. */
export function isNameless(hashes: Uint32Array, at: number): boolean {
  return hashes[at] === 0 && hashes[at + 1] === 0;
}

/** A hash of a hash and an instant together. */
export function mixTime(hash: number, time: number): number {
  float[0] = time + 0;
  let mixed = Math.imul(hash ^ (floatWords[0] as number), 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ (floatWords[1] as number), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
