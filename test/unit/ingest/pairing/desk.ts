// A Pairing for tests that need no ingester.

import type { Entry, Source } from "../../../../src/core/entry.ts";
import { normalise } from "../../../../src/ingest/entries/normalise.ts";
import { Pairing, type PairingLimits } from "../../../../src/ingest/pairing/pairing.ts";
import { COMPLETED_KIND } from "../../../../src/ingest/pairing/recently_completed_chunks.ts";
import { batchContext, NOW } from "../entries/batch_context.ts";

export const LIMITS: PairingLimits = {
  openMax: 100,
  openBytesMax: 1e6,
  clientShare: 0.5,
  timeoutMs: 3_600_000,
  orphanGraceMs: 60_000,
};

export interface From {
  readonly at?: number;
  readonly project?: string;
  readonly type?: Source;
  readonly apiKey?: string;
  readonly sender?: string;
}

/** A Pairing, and its results in short: "status name→name (entries)". Entries are named by their message. */
export class Desk {
  readonly settled: string[] = [];
  readonly records: unknown[] = [];
  readonly ambiguous: string[] = [];
  readonly memory: Pairing;

  readonly limits: Partial<PairingLimits>;

  constructor(limits: Partial<PairingLimits> = {}) {
    this.limits = limits;
    this.memory = new Pairing(
      { ...LIMITS, ...limits },
      [1, 2],
      {
        store: (_project, record, entries) => {
          this.records.push(record);
          const names = Object.keys(record.metadata ?? {}).sort();
          this.settled.push(`${record.kind} ${names.join("+")} (${entries})`);
        },
        absorb: (_project, start) => this.settled.push(`absorbed ${Object.keys(start.metadata ?? {}).join("+")}`),
        ambiguous: (project, keyType, touchpoint) => this.ambiguous.push(`${project} ${keyType} ${touchpoint}`),
      },
      64,
    );
  }

  /** Offers an entry under this name. */
  offer(name: string, entry: Entry, from: From = {}): this {
    const { at = NOW, project = "shop", type = "server", apiKey = "web shop", sender = "s" } = from;
    const context = batchContext({ receivedAt: at, project, keyType: type, apiKey });
    const normal = normalise({ metadata: { [name]: 1 }, ...entry }, context);
    if (typeof normal === "string" || normal.kind === "log") throw new Error(`${name} is no timing`);
    const { memory } = this;
    memory.offer(normal, { project, keyType: type, sender: memory.senderHash(apiKey, type, sender) });
    return this;
  }

  /** Another one that has read what this one writes to the file; `change` alters the file in between. */
  restarted(change: (item: string) => string = (item) => item, deadlinesFrom = 0): Desk {
    const { added, completed } = this.memory.takeChanges();
    const after = new Desk(this.limits);
    after.memory.restore(
      added.map(({ id, item }) => ({ id, item: change(item) })),
      completed === undefined ? [] : [{ kind: COMPLETED_KIND, data: completed.data }],
      deadlinesFrom,
    );
    return after;
  }
}
