// Finds which of the waiting starts, or ends, may be the other half, by the contract's two rules. What is found is the
// caller's choice among equals (`pick`); this file knows which items are candidates, that an equal touchpoint goes before an
// absent one, and then the seeker's own sender before others. An item stands under its key and under its touchpoint, each type of
// key by itself. No step looks at every item of a name: see sorted_items.ts.

import type { Source } from "../../core/entry.ts";
import { type Hashed, NamedItems, NO_PART, type Pick, type SenderItems } from "./chunked_items.ts";
import { KeyedMap } from "./keyed_map.ts";

/** Who looks for its other half. */
export interface Seeker extends Omit<Hashed, "at" | "id"> {
  readonly project: string;
  readonly keyType: Source;
  readonly entry: { readonly touchpoint: string | undefined; readonly key: string | undefined };
}

/** What the index needs to know of an item. */
export type Indexed = Seeker & Hashed;

/** One project's items of one type of key. */
class TypeIndex<T extends Indexed> {
  readonly byKey = new KeyedMap<NamedItems<T>>();
  readonly byTouchpoint = new KeyedMap<NamedItems<T>>();
}

export class WaitingIndex<T extends Indexed> {
  /** By the projects of the configuration. */
  readonly #projects = new Map<string, Readonly<Record<Source, TypeIndex<T>>>>();

  add(item: T): void {
    let project = this.#projects.get(item.project);
    if (project === undefined) {
      project = { server: new TypeIndex(), client: new TypeIndex() };
      this.#projects.set(item.project, project);
    }
    const { byKey, byTouchpoint } = project[item.keyType];
    const { touchpoint, key } = item.entry;
    if (key !== undefined) addTo(byKey, item.keyHash, key, true, item);
    if (touchpoint !== undefined) addTo(byTouchpoint, item.touchpointHash, touchpoint, false, item);
  }

  /** Takes out an item that was added. */
  remove(item: T): void {
    const index = this.#projects.get(item.project)?.[item.keyType];
    if (index === undefined) return;
    const { touchpoint, key } = item.entry;
    if (key !== undefined) removeFrom(index.byKey, item.keyHash, key, item);
    if (touchpoint !== undefined) removeFrom(index.byTouchpoint, item.touchpointHash, touchpoint, item);
  }

  /** Rule 1, among what keys of this type sent: same key, touchpoints equal or one of them absent. */
  byKey(seeker: Seeker, keyType: Source, pick: Pick<T>): T | undefined {
    const { key, touchpoint } = seeker.entry;
    if (key === undefined) return undefined;
    const named = this.#projects.get(seeker.project)?.[keyType].byKey.get(seeker.keyHash, key);
    if (named === undefined) return undefined;
    const equal = named.part(seeker.touchpointHash);
    const found = equal?.pick(seeker.sender, pick);
    if (found !== undefined) return found;
    const compatible = touchpoint === undefined ? named.all : named.part(NO_PART);
    return compatible === equal ? undefined : compatible?.pick(seeker.sender, pick);
  }

  /** All candidates of rule 2: same key type and touchpoint, and not two different keys; for when rule 1 has found none. */
  byTouchpoint(seeker: Seeker): SenderItems<T> | undefined {
    const { key, touchpoint } = seeker.entry;
    if (touchpoint === undefined) return undefined;
    const index = this.#projects.get(seeker.project)?.[seeker.keyType];
    const named = index?.byTouchpoint.get(seeker.touchpointHash, touchpoint);
    // An equal key was a candidate of rule 1 already, under the same bounds of time.
    return key === undefined ? named?.all : named?.part(NO_PART);
  }
}

function addTo<T extends Indexed>(
  names: KeyedMap<NamedItems<T>>,
  hash: number,
  text: string,
  isKey: boolean,
  item: T,
): void {
  let named = names.get(hash, text);
  if (named === undefined) {
    named = new NamedItems(text, isKey);
    names.add(hash, named);
  }
  named.add(item);
}

function removeFrom<T extends Indexed>(names: KeyedMap<NamedItems<T>>, hash: number, text: string, item: T): void {
  const named = names.get(hash, text);
  if (named === undefined) return;
  named.remove(item);
  if (named.isEmpty) names.remove(hash, named);
}
