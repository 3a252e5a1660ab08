// Finds which of the waiting starts, or ends, may be the other half, by the contract's two rules. What is found is the
// caller's choice among equals (`pick`); this file knows which items are candidates and that an equal touchpoint goes
// before an absent one. An item stands under its key and under its touchpoint.

import type { Source } from "../core/entry.ts";
import { type Arrived, SortedItems } from "./sorted_items.ts";

/** What the index needs to know of an item. */
export interface Indexed extends Arrived {
  readonly project: string;
  readonly keyType: Source;
  readonly entry: { readonly touchpoint: string | undefined; readonly key: string | undefined };
}

/** Who looks for its other half. */
export interface Seeker {
  readonly project: string;
  readonly keyType: Source;
  readonly touchpoint: string | undefined;
  readonly key: string | undefined;
}

/** Chooses among candidates, or finds none of them fit. */
export type Pick<T extends Arrived> = (candidates: SortedItems<T>) => T | undefined;

/** Items under one name, and of these the ones with a given part (a touchpoint; whether they have a key). */
class Group<T extends Arrived> {
  readonly all = new SortedItems<T>();
  /** Undefined while every item has the same part: most groups stay that small. */
  #parts: Map<string | undefined, SortedItems<T>> | undefined;
  readonly #solePart: string | undefined;

  constructor(part: string | undefined) {
    this.#solePart = part;
  }

  part(part: string | undefined): SortedItems<T> | undefined {
    if (this.#parts !== undefined) return this.#parts.get(part);
    return part === this.#solePart ? this.all : undefined;
  }

  add(part: string | undefined, item: T): void {
    if (this.#parts === undefined && part !== this.#solePart) {
      this.#parts = new Map([[this.#solePart, this.all.copy()]]);
    }
    this.all.add(item);
    if (this.#parts === undefined) return;
    const items = this.#parts.get(part) ?? new SortedItems<T>();
    items.add(item);
    this.#parts.set(part, items);
  }

  remove(part: string | undefined, item: T): void {
    this.all.remove(item);
    const items = this.#parts?.get(part);
    items?.remove(item);
    if (items?.isEmpty === true) this.#parts?.delete(part);
  }
}

/** One project's items. */
class ProjectIndex<T extends Indexed> {
  readonly byKey = new Map<string, Group<T>>();
  readonly byTouchpoint = { server: new Map<string, Group<T>>(), client: new Map<string, Group<T>>() };
}

const KEYED = "keyed";

export class WaitingIndex<T extends Indexed> {
  readonly #projects = new Map<string, ProjectIndex<T>>();

  add(item: T): void {
    let index = this.#projects.get(item.project);
    if (index === undefined) {
      index = new ProjectIndex();
      this.#projects.set(item.project, index);
    }
    const { touchpoint, key } = item.entry;
    if (key !== undefined) addTo(index.byKey, key, touchpoint, item);
    if (touchpoint !== undefined) addTo(index.byTouchpoint[item.keyType], touchpoint, partOf(key), item);
  }

  /** Takes out an item that was added. */
  remove(item: T): void {
    const index = this.#projects.get(item.project);
    if (index === undefined) return;
    const { touchpoint, key } = item.entry;
    if (key !== undefined) removeFrom(index.byKey, key, touchpoint, item);
    if (touchpoint !== undefined) removeFrom(index.byTouchpoint[item.keyType], touchpoint, partOf(key), item);
  }

  /** Rule 1: same key, touchpoints equal or one of them absent; either key type. */
  byKey(seeker: Seeker, pick: Pick<T>): T | undefined {
    if (seeker.key === undefined) return undefined;
    const group = this.#projects.get(seeker.project)?.byKey.get(seeker.key);
    if (group === undefined) return undefined;
    const equal = group.part(seeker.touchpoint);
    const found = equal && pick(equal);
    if (found !== undefined) return found;
    const compatible = seeker.touchpoint === undefined ? group.all : group.part(undefined);
    return compatible && pick(compatible);
  }

  /** Rule 2: same key type and touchpoint, and not two different keys; for when rule 1 has found none. */
  byTouchpoint(seeker: Seeker, pick: Pick<T>): T | undefined {
    if (seeker.touchpoint === undefined) return undefined;
    const group = this.#projects.get(seeker.project)?.byTouchpoint[seeker.keyType].get(seeker.touchpoint);
    // An equal key was a candidate of rule 1 already, under the same bounds of time.
    const candidates = seeker.key === undefined ? group?.all : group?.part(undefined);
    return candidates && pick(candidates);
  }
}

function partOf(key: string | undefined): string | undefined {
  return key === undefined ? undefined : KEYED;
}

function addTo<T extends Arrived>(
  groups: Map<string, Group<T>>,
  name: string,
  part: string | undefined,
  item: T,
): void {
  let group = groups.get(name);
  if (group === undefined) {
    group = new Group(part);
    groups.set(name, group);
  }
  group.add(part, item);
}

function removeFrom<T extends Arrived>(
  groups: Map<string, Group<T>>,
  name: string,
  part: string | undefined,
  item: T,
): void {
  const group = groups.get(name);
  group?.remove(part, item);
  if (group?.all.isEmpty === true) groups.delete(name);
}
