// Which touchpoints had pairs that were a guess: made by touchpoint, where more than one start would have done. In: such pairs, of
// what is staged. Out: what to add to the file's rows, one a touchpoint and UTC day of receipt. Bounded: of one day, project and
// type of key AMBIGUOUS_NAMES_MAX names at most; what comes past them is in the counters of usage alone.

import type { AmbiguousPairs, AmbiguousTouchpoint } from "../../commit/group_write.ts";
import { AMBIGUOUS_NAMES_MAX, ambiguousName } from "../../core/ambiguous.ts";
import { DAY_MS } from "../../core/limits.ts";
import type { Source } from "../../core/record.ts";
import { KeyedMap } from "./keyed_map.ts";
import { TextHasher } from "./name_hashes.ts";

interface Row extends AmbiguousTouchpoint {
  readonly text: string;
  pairs: number;
  next: Row | undefined;
}

/** The rows of one project and type of key. */
interface Rows {
  readonly byName: KeyedMap<Row>;
  count: number;
}

export class AmbiguousTouchpoints {
  readonly #hasher: TextHasher;
  /** Of #day, by the configuration's projects and type of key. */
  readonly #rows = new Map<string, Rows>();
  readonly #changed = new Set<Row>();
  #day = Number.NaN;

  /** `seed` is two u32 that nobody else knows; `names` are the file's of its last day. */
  constructor(seed: readonly [number, number], names: Iterable<AmbiguousTouchpoint>) {
    this.#hasher = new TextHasher(seed);
    for (const { project, keyType, touchpoint, day } of names) this.#rowOf(project, keyType, touchpoint, day);
  }

  /** A pair was a guess. `receivedAt` in Unix ms. */
  add(project: string, keyType: Source, touchpoint: string, receivedAt: number): void {
    const row = this.#rowOf(project, keyType, touchpoint, Math.floor(receivedAt / DAY_MS));
    if (row === undefined) return;
    row.pairs++;
    this.#changed.add(row);
  }

  /** What was added since the last call. */
  take(): AmbiguousPairs[] {
    const taken = Array.from(this.#changed, ({ project, keyType, touchpoint, day, pairs }) => ({
      project,
      keyType,
      touchpoint,
      day,
      pairs,
    }));
    for (const row of this.#changed) row.pairs = 0;
    this.#changed.clear();
    return taken;
  }

  /** Undefined where there are too many already. */
  #rowOf(project: string, keyType: Source, name: string, day: number): Row | undefined {
    if (day !== this.#day) {
      this.#rows.clear();
      this.#day = day;
    }
    const place = `${keyType} ${project}`;
    let rows = this.#rows.get(place);
    if (rows === undefined) {
      rows = { byName: new KeyedMap(), count: 0 };
      this.#rows.set(place, rows);
    }
    const touchpoint = ambiguousName(name);
    const hash = this.#hasher.hash(touchpoint);
    let row = rows.byName.get(hash, touchpoint);
    if (row === undefined && rows.count < AMBIGUOUS_NAMES_MAX) {
      row = { project, keyType, touchpoint, day, text: touchpoint, pairs: 0, next: undefined };
      rows.byName.add(hash, row);
      rows.count++;
    }
    return row;
  }
}
