// Which touchpoints have ambiguous pairs: pairs made by touchpoint where more than one start would have fitted. In:
// such pairs of the group that is staged. Out: what to add to the file's rows, one a touchpoint and UTC day of receipt.
// Bounded: a day has AMBIGUOUS_NAMES_MAX names at most for each project and type of key; pairs beyond them count in the
// counters of usage alone.

import type { AmbiguousPairs, AmbiguousTouchpoint } from "../../commit/group_write.ts";

import { AMBIGUOUS_NAMES_MAX, DAY_MS } from "../../core/limits.ts";
import type { Source } from "../../core/record.ts";
import { ambiguousName } from "../../core/touchpoint.ts";
import { KeyedMap, TextHasher } from "./keyed_hash.ts";

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

/** The ambiguous pairs of the current day. */
export class AmbiguousTouchpoints {
  readonly #hasher: TextHasher;
  /** The rows of #day, by type of key and project of the configuration. */
  readonly #rows = new Map<string, Rows>();
  readonly #changed = new Set<Row>();
  #day = Number.NaN;

  /** `seed` is two u32 that nobody else knows; `names` are the rows of the last day that the file has. */
  constructor(seed: readonly [number, number], names: Iterable<AmbiguousTouchpoint>) {
    this.#hasher = new TextHasher(seed);
    for (const { project, keyType, touchpoint, day } of names) this.#rowOf(project, keyType, touchpoint, day);
  }

  /** Counts an ambiguous pair. `receivedAt` in Unix ms. */
  add(project: string, keyType: Source, touchpoint: string, receivedAt: number): void {
    const row = this.#rowOf(project, keyType, touchpoint, Math.floor(receivedAt / DAY_MS));
    if (row === undefined) return;
    row.pairs++;
    this.#changed.add(row);
  }

  /** The pairs since the last call. */
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

  /** The row of a touchpoint; undefined where the day has too many already. */
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
