// The claim of a process to the number of its node. Two processes that ship with one number would use ids twice, and
// none would notice: two servers with the same number by mistake, or a data file and a copy of it that both run. Each
// process claims the number once, and looks before each batch whether it is still the last one that did. A claim may
// arrive when its process has been killed, and the next one has claimed: of two equal numbers the later process counts.

import { randomUUID } from "node:crypto";
import type { ClickHouseClient } from "./client.ts";
import { ClickHouseError } from "./errors.ts";

/** Has a row for each claim. */
export const CLAIMS = "simplelogs_nodes";

/** The columns of the table of claims: `number` counts those of a node. */
export const CLAIM_COLUMNS = "(node UInt16, number UInt64, process UUID, claimed_at DateTime DEFAULT now())";

/** Of one process. */
export class NodeClaim {
  readonly #client: Pick<ClickHouseClient, "query" | "command">;
  readonly #node: number;
  readonly #process: string;
  #number = 0;

  /** `now`: Unix ms. */
  constructor(client: Pick<ClickHouseClient, "query" | "command">, node: number, now: number) {
    this.#client = client;
    this.#node = node;
    this.#process = processId(now);
  }

  /**
   * Claims the number, unless this process has. Call it where nobody else can have shipped with it. Throws
   * ClickHouseError: "refused" where another process did later.
   */
  async make(signal: AbortSignal): Promise<void> {
    if (this.#number === 0) this.#number = (await this.#last(signal)).number + 1;
    const last = await this.check(signal);
    if (last === this.#process) return;
    const sql = `INSERT INTO ${CLAIMS} (node, number, process) VALUES ({node:UInt16}, {number:UInt64}, {process:UUID})`;
    const claim = { node: this.#node, number: this.#number, process: this.#process };
    await this.#client.command(sql, claim, { signal, settings: { async_insert: 0 } });
    await this.check(signal);
  }

  /** Who claimed it last. Throws ClickHouseError: "refused" where somebody did after this process. */
  async check(signal: AbortSignal): Promise<string> {
    const { number, process, claimedAt } = await this.#last(signal);
    const isLater = number > this.#number || (number === this.#number && process > this.#process);
    if (!isLater) return process;
    throw new ClickHouseError(
      "refused",
      `another process ships as node ${this.#node} since ${claimedAt} UTC: another server has the same clickhouse.node, ` +
        "or a copy of this data file. Stop one of them; a restart of this one ships again",
    );
  }

  /** One row, also where there is no claim: an answer without rows is none. */
  async #last(signal: AbortSignal): Promise<{ number: number; process: string; claimedAt: string }> {
    const sql =
      "SELECT max((number, toString(process), formatDateTime(claimed_at, '%F %T', 'UTC'))) AS last, last.1, last.2, last.3 " +
      `FROM ${CLAIMS} WHERE node = {node:UInt16}`;
    const rows = await this.#client.query(sql, { node: this.#node }, { signal });
    const [, number, process, claimedAt] = rows[0] ?? [];
    if (rows.length !== 1)
      throw new ClickHouseError("uncertain", `the claims of node ${this.#node} came without a row`);
    return { number: Number(number), process: String(process), claimedAt: String(claimedAt) };
  }
}

/** A UUID of version 7: as texts they sort by time. */
function processId(now: number): string {
  const time = now.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
