// An index of pending starts, or of pending ends: finds the one that may be the other half of an entry, by the
// contract's two rules. An item is filed under its key and under its touchpoint, for each type of key. Among the items
// of one name, an equal touchpoint goes before an absent one, and the entry's own sender before others; which of
// several remains is the caller's choice (`pick`). No step visits every item of a name: see sorted_items.ts.
//
// The items of a name are also filed by a second property: sender, touchpoint, or whether there is a key. Such
// partitions are made once there are two, so most names cost no more than their items.

import type { Source } from "../../core/record.ts";
import { KeyedMap } from "./keyed_hash.ts";
import { type Arrived, SortedItems } from "./sorted_items.ts";

/** Stands for the hash of an absent key or touchpoint, or of an unknown sender: no hash is below 0. */
export const NO_HASH = -1;

/** What an entry's other half must match. */
export interface MatchKey {
  readonly project: string;
  readonly keyType: Source;
  /** Hash of who sent it; NO_HASH where an older version did not write it to the file. */
  readonly sender: number;
  /** NO_HASH where absent. */
  readonly touchpointHash: number;
  /** NO_HASH where absent. */
  readonly keyHash: number;
  readonly entry: { readonly touchpoint: string | undefined; readonly key: string | undefined };
}

/** An item of the index. */
export type Indexed = MatchKey & Arrived;

interface Items<T> {
  readonly isEmpty: boolean;
  add(item: T): void;
  remove(item: T): void;
  copy(): this;
}

/** Items, and the same items by a second property, which is a number. */
abstract class PartitionedItems<T, C extends Items<T>> {
  readonly all: C;
  /** The partition of every item, while there are no #partitions. */
  #solePartition = NO_HASH;
  #partitions: Map<number, C> | undefined;

  constructor(all: C) {
    this.all = all;
  }

  protected abstract partitionOf(item: T): number;
  protected abstract emptyPartition(): C;

  get isEmpty(): boolean {
    return this.all.isEmpty;
  }

  /** The items of a partition; undefined where there are none. */
  partition(number: number): C | undefined {
    if (this.#partitions !== undefined) return this.#partitions.get(number);
    return number === this.#solePartition ? this.all : undefined;
  }

  add(item: T): void {
    const number = this.partitionOf(item);
    if (this.#partitions === undefined) {
      if (this.all.isEmpty) this.#solePartition = number;
      else if (number !== this.#solePartition) this.#partitions = new Map([[this.#solePartition, this.all.copy()]]);
    }
    this.all.add(item);
    if (this.#partitions === undefined) return;
    let items = this.#partitions.get(number);
    if (items === undefined) {
      items = this.emptyPartition();
      this.#partitions.set(number, items);
    }
    items.add(item);
  }

  remove(item: T): void {
    this.all.remove(item);
    if (this.#partitions === undefined) return;
    const number = this.partitionOf(item);
    const items = this.#partitions.get(number);
    items?.remove(item);
    if (items?.isEmpty === true) this.#partitions.delete(number);
  }

  /** Copies everything but `all`. */
  protected copyPartitions(copy: PartitionedItems<T, C>): void {
    copy.#solePartition = this.#solePartition;
    if (this.#partitions === undefined) return;
    copy.#partitions = new Map(Array.from(this.#partitions, ([number, items]) => [number, items.copy()]));
  }
}

/** Chooses among candidates; undefined where none fits. */
export type Pick<T extends Arrived> = (candidates: SortedItems<T>) => T | undefined;

/** Items, partitioned by sender. */
export class SenderItems<T extends Indexed> extends PartitionedItems<T, SortedItems<T>> {
  constructor(all = new SortedItems<T>()) {
    super(all);
  }

  /** What `pick` chooses among this sender's items, else among all. */
  pick(sender: number, pick: Pick<T>): T | undefined {
    const own = this.partition(sender);
    const found = own && pick(own);
    return found !== undefined || own === this.all ? found : pick(this.all);
  }

  copy(): this {
    const copy = new SenderItems<T>(this.all.copy());
    this.copyPartitions(copy);
    return copy as this;
  }

  protected override partitionOf(item: T): number {
    return item.sender;
  }

  protected override emptyPartition(): SortedItems<T> {
    return new SortedItems();
  }
}

/** Items with one key, partitioned by touchpoint; or with one touchpoint, partitioned by whether they have a key. */
class NamedItems<T extends Indexed> extends PartitionedItems<T, SenderItems<T>> {
  readonly text: string;
  next: NamedItems<T> | undefined;
  readonly #isKey: boolean;

  /** `text` is a key where `isKey`, else a touchpoint. */
  constructor(text: string, isKey: boolean) {
    super(new SenderItems());
    this.text = text;
    this.#isKey = isKey;
  }

  protected override partitionOf(item: T): number {
    if (this.#isKey) return item.touchpointHash;
    return item.keyHash === NO_HASH ? NO_HASH : 0;
  }

  protected override emptyPartition(): SenderItems<T> {
    return new SenderItems();
  }
}

/** One project's items of one type of key. */
class TypeIndex<T extends Indexed> {
  readonly byKey = new KeyedMap<NamedItems<T>>();
  readonly byTouchpoint = new KeyedMap<NamedItems<T>>();
}

/** The index. Items are found by identity when they are removed. */
export class MatchIndex<T extends Indexed> {
  /** By project of the configuration. */
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

  /** Removes an item that was added. */
  remove(item: T): void {
    const index = this.#projects.get(item.project)?.[item.keyType];
    if (index === undefined) return;
    const { touchpoint, key } = item.entry;
    if (key !== undefined) removeFrom(index.byKey, item.keyHash, key, item);
    if (touchpoint !== undefined) removeFrom(index.byTouchpoint, item.touchpointHash, touchpoint, item);
  }

  /**
   * Rule 1, among items that keys of this type sent: same key, and touchpoints that are equal or one of which is
   * absent.
   */
  byKey(match: MatchKey, keyType: Source, pick: Pick<T>): T | undefined {
    const { key, touchpoint } = match.entry;
    if (key === undefined) return undefined;
    const named = this.#projects.get(match.project)?.[keyType].byKey.get(match.keyHash, key);
    if (named === undefined) return undefined;
    const equal = named.partition(match.touchpointHash);
    const found = equal?.pick(match.sender, pick);
    if (found !== undefined) return found;
    const compatible = touchpoint === undefined ? named.all : named.partition(NO_HASH);
    return compatible === equal ? undefined : compatible?.pick(match.sender, pick);
  }

  /**
   * All candidates of rule 2: same key type and touchpoint, and not two different keys. Only called where rule 1 has
   * found none.
   */
  byTouchpoint(match: MatchKey): SenderItems<T> | undefined {
    const { key, touchpoint } = match.entry;
    if (touchpoint === undefined) return undefined;
    const index = this.#projects.get(match.project)?.[match.keyType];
    const named = index?.byTouchpoint.get(match.touchpointHash, touchpoint);
    // Items with an equal key were candidates of rule 1, under the same bounds of time.
    return key === undefined ? named?.all : named?.partition(NO_HASH);
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
