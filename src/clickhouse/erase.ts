// Deletes records in ClickHouse for good, those of all nodes. In: a scope. Out: how many matched. A search that SQL
// decides is one mutation. Where it cannot, the records in question are fetched, the evaluator of local blocks decides,
// and those that match are deleted by node and id. A mutation is waited for, on all replicas.
//
// What fails in the middle leaves a part deleted; the same again deletes the rest. What other nodes ship meanwhile may
// stay. This node ships nothing meanwhile: see Shipper.hold.

import { TOUCHPOINTS_MAX } from "../core/limits.ts";
import { matchRows } from "../query/match/evaluate.ts";
import { placeOfId } from "../query/scan/ids.ts";
import type { Expression } from "../search/expression.ts";
import { type ClickHouseClient, quotedName } from "./client.ts";
import { ALWAYS, type Condition, isExact, NEVER } from "./condition.ts";
import { type FoundRecord, memoryBlock, READ_COLUMNS, recordOf } from "./found_records.ts";
import type { Row } from "./rows.ts";
import { RECORDS, RECORDS_OF_SHARD } from "./schema.ts";
import { searchCondition } from "./search_sql.ts";
import { SqlParameters } from "./sql_parameters.ts";

/** How long one statement may take, in ms: a mutation writes every part again that has a record to delete. */
export const STATEMENT_MS_MAX = 30 * 60_000;
/** Ids of one mutation: their text stays below what a server takes as one statement (256 KiB). */
export const MUTATION_IDS_MAX = 10_000;
/** Ids that are gathered before they are deleted: 8 MB. */
const GATHERED_IDS_MAX = 1_000_000;

/** What is deleted: of one project, whatever its retention. */
export interface ShippedScope {
  readonly project: string;
  readonly search: Expression;
  /** Unix ms: `from` is included, `to` is not; undefined: no bound. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** What there was. */
export interface ErasedShipped {
  /** Whether the project had any record. */
  readonly hasProject: boolean;
  readonly records: number;
  /** Those that records of the project still have. */
  readonly touchpoints: readonly string[];
}

export interface EraseShippedOptions {
  readonly client: Pick<ClickHouseClient, "query" | "stream" | "command">;
  /** Name of the cluster; "": none. */
  readonly cluster: string;
  /** Called before the first record is deleted. */
  readonly begins?: () => void;
  /** Of one mutation. Default: MUTATION_IDS_MAX. */
  readonly idsMax?: number;
}

/** Deletes every record of a scope. When it resolves, no query finds them. Rejects with ClickHouseError. */
export async function eraseShipped(scope: ShippedScope, options: EraseShippedOptions): Promise<ErasedShipped> {
  const project = new SqlParameters();
  const known = `SELECT 1 FROM ${RECORDS} WHERE project = ${project.text(scope.project)} LIMIT 1`;
  if ((await options.client.query(known, project.values)).length === 0) {
    return { hasProject: false, records: 0, touchpoints: [] };
  }
  const isDecided = isExact(conditionOf(scope, new SqlParameters()));
  const records = (await eraseSure(scope, options)) + (isDecided ? 0 : await eraseUnsure(scope, options));
  return { hasProject: true, records, touchpoints: await touchpointsOf(scope, options) };
}

/** Records may have more names than a list holds. Past this bound a name may leave the list until it comes again. */
async function touchpointsOf({ project }: ShippedScope, { client }: EraseShippedOptions): Promise<string[]> {
  const parameters = new SqlParameters();
  const where = `project = ${parameters.text(project)} AND touchpoint != ''`;
  const sql = `SELECT DISTINCT touchpoint FROM ${RECORDS} WHERE ${where} LIMIT ${10 * TOUCHPOINTS_MAX}`;
  const rows = await client.query(sql, parameters.values, { timeMsMax: STATEMENT_MS_MAX });
  return rows.map(([name]) => name as string);
}

/** Deletes what matches for sure. */
async function eraseSure(scope: ShippedScope, options: EraseShippedOptions): Promise<number> {
  const { client } = options;
  const parameters = new SqlParameters();
  const { sure } = conditionOf(scope, parameters);
  if (sure === NEVER) return 0;
  const bounds = { timeMsMax: STATEMENT_MS_MAX };
  const [row] = await client.query(`SELECT count() FROM ${RECORDS} WHERE ${sure}`, parameters.values, bounds);
  const count = Number(row?.[0]);
  if (count > 0) await mutate(sure, parameters, options);
  return count;
}

/** Deletes what matches of those of which SQL cannot tell. */
async function eraseUnsure(scope: ShippedScope, options: EraseShippedOptions): Promise<number> {
  const { client, idsMax: most = MUTATION_IDS_MAX } = options;
  let count = 0;
  for (;;) {
    const ids = await unsureIds(scope, client);
    for (let at = 0; at < ids.length; at += most) {
      const parameters = new SqlParameters();
      const where = `project = ${parameters.text(scope.project)} AND ${withIds(ids.slice(at, at + most))}`;
      await mutate(where, parameters, options);
    }
    count += ids.length;
    if (ids.length < GATHERED_IDS_MAX) return count;
  }
}

/** The ids, as they are shown, of records that match and of which SQL cannot tell; GATHERED_IDS_MAX or a few more. */
async function unsureIds(scope: ShippedScope, client: EraseShippedOptions["client"]): Promise<number[]> {
  const parameters = new SqlParameters();
  const { sure, maybe } = conditionOf(scope, parameters);
  const sql = `SELECT ${READ_COLUMNS} FROM ${RECORDS} WHERE ${maybe} AND NOT (${sure})`;
  const ids: number[] = [];
  for await (const rows of client.stream(sql, parameters.values, { timeMsMax: STATEMENT_MS_MAX })) {
    for (const { record } of matching(rows, scope)) ids.push(record.id);
    if (ids.length >= GATHERED_IDS_MAX) break;
  }
  return ids;
}

function matching(rows: readonly Row[], { search, project }: ShippedScope): FoundRecord[] {
  const found = rows.map(recordOf);
  if (found.length === 0) return [];
  const block = memoryBlock(
    project,
    found.map(({ record }) => record),
  );
  const matches = matchRows(search, block.open(), project);
  return found.filter((_, index) => matches[index] === 1);
}

function conditionOf({ project, search, from, to }: ShippedScope, parameters: SqlParameters): Condition {
  const outer = [
    `project = ${parameters.text(project)}`,
    ...(from === undefined ? [] : [`time >= ${parameters.double(from)}`]),
    ...(to === undefined ? [] : [`time < ${parameters.double(to)}`]),
  ].join(" AND ");
  const { sure, maybe } = searchCondition(search, parameters);
  const within = (condition: string) => (condition === ALWAYS ? outer : `${outer} AND ${condition}`);
  return { sure: sure === NEVER ? NEVER : within(sure), maybe: within(maybe) };
}

/** The ids stand in the statement itself: as parameters they would make its address too long. They are numbers. */
function withIds(shown: readonly number[]): string {
  const byNode = new Map<number, number[]>();
  for (const id of shown) {
    const place = placeOfId(id);
    const others = byNode.get(place.node);
    if (others === undefined) byNode.set(place.node, [place.id]);
    else others.push(place.id);
  }
  const conditions = [...byNode].map(([node, ids]) => `(node = ${node} AND id IN (${ids.join(", ")}))`);
  return `(${conditions.join(" OR ")})`;
}

/** Deletes by a condition. When it returns, all replicas have done it. */
async function mutate(
  where: string,
  parameters: SqlParameters,
  { client, cluster, begins }: EraseShippedOptions,
): Promise<void> {
  begins?.();
  const options = { timeMsMax: STATEMENT_MS_MAX, settings: { mutations_sync: 2 } };
  await client.command(mutation(where, cluster), parameters.values, options);
}

/** The statement that deletes by a condition: it goes to the table of each shard, where there is a cluster. */
export function mutation(where: string, cluster: string): string {
  const table = cluster === "" ? RECORDS : `${RECORDS_OF_SHARD} ON CLUSTER ${quotedName(cluster)}`;
  return `ALTER TABLE ${table} DELETE WHERE ${where}`;
}
