import { describe, expect, test } from "bun:test";
import { MUTATION_IDS_MAX, STATEMENT_MS_MAX } from "../../../src/clickhouse/erase.ts";
import {
  BACKOFF_MS_MAX,
  BACKOFF_MS_MIN,
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  GATHER_MS,
} from "../../../src/clickhouse/shipper.ts";
import * as limits from "../../../src/core/limits.ts";
import { TOUCHPOINT_LENGTH_MAX } from "../../../src/core/touchpoint.ts";
import { readPage } from "./pages.ts";

const { text: PAGE, prose: PROSE } = readPage("docs/limits.md");
const MIB = 1024 * 1024;

/** The bound of the row that begins so. */
function boundOf(beginning: string): string {
  const row = PAGE.split("\n").find((line) => line.startsWith(`| ${beginning}`)) ?? "";
  return row.split("|")[2]?.trim() ?? "";
}

describe("the page on limits", () => {
  test("states those of requests and keys that are in force", () => {
    expect(boundOf("a body without a live key")).toBe(`${limits.UNAUTHENTICATED_BYTES_MAX / 1024} KiB`);
    expect(boundOf("an idempotency key")).toBe(`${limits.IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
    expect(boundOf("origins of a client key")).toBe(String(limits.ORIGINS_MAX));
    expect(boundOf("levels of arrays and maps in a value of OTLP")).toBe(String(limits.OTLP_DEPTH_MAX));
    expect(boundOf("events of a span")).toBe(`${limits.OTLP_EVENTS_MAX}, and ${limits.OTLP_LINKS_MAX}`);
    expect(boundOf("labels of a Loki stream")).toBe(
      `${limits.LOKI_LABELS_MAX}, and ${limits.LOKI_LABELS_LENGTH_MAX.toLocaleString("en")} characters of them`,
    );
    const { SENTRY_CAUSES_MAX, SENTRY_BREADCRUMBS_MAX, SENTRY_FRAMES_MAX } = limits;
    expect(boundOf("causes of a Sentry event")).toBe(
      `${SENTRY_CAUSES_MAX}, ${SENTRY_BREADCRUMBS_MAX}, and ${SENTRY_FRAMES_MAX}`,
    );
    expect(boundOf("a connection that moves no byte")).toBe(`${limits.IDLE_SECONDS} seconds`);
    expect(boundOf("a request's body")).toEndWith(`at most ${limits.CONFIGURED_BODY_BYTES_MAX / MIB} MiB`);
    expect(PROSE).toContain(`at most ${limits.REJECTIONS_PER_COMMIT_MAX} for each reason`);
  });

  test("states those of syslog that are in force", () => {
    const number = (value: number) => value.toLocaleString("en");
    expect(boundOf("syslog listeners")).toBe(String(limits.SYSLOG_LISTENERS_MAX));
    expect(boundOf("a syslog message")).toBe(`${limits.SYSLOG_MESSAGE_BYTES_MAX / 1024} KiB`);
    const batch = `${number(limits.SYSLOG_BATCH_MESSAGES_MAX)}, or ${limits.SYSLOG_BATCH_BYTES_MAX / 1024} KiB of them, or those of ${limits.SYSLOG_GATHER_MS_MAX} milliseconds`;
    expect(boundOf("messages of a syslog batch")).toBe(batch);
    expect(boundOf("connections of a syslog listener")).toBe(number(limits.SYSLOG_CONNECTIONS_MAX));
    expect(boundOf("syslog messages that wait")).toStartWith(`${limits.SYSLOG_HELD_BYTES_MAX / MIB} MiB a listener`);
    expect(boundOf("tries of a batch")).toStartWith(`${limits.SYSLOG_DATAGRAM_TRIES_MAX},`);
    expect(boundOf("incomplete syslog messages")).toBe(`${limits.SYSLOG_PARTIAL_BYTES_MAX / MIB} MiB`);
  });

  test("states those of entries and records that are in force", () => {
    const stated = [
      `${limits.METADATA_COLUMNS_MAX} top-level fields`,
      `${limits.METADATA_DEPTH_MAX} levels deep`,
      `${limits.TOUCHPOINTS_MAX.toLocaleString("en")} names a project`,
      `${limits.FUTURE_MS_MAX / 3_600_000} hours ahead`,
      `names of more than ${limits.METADATA_NAME_LENGTH_MAX} characters`,
      `last ${limits.RECENTLY_COMPLETED_MAX.toLocaleString("en")} complete timings`,
      `| messages that a 422 lists | ${limits.VALIDATION_MESSAGES_MAX} |`,
    ];
    expect(stated.filter((statement) => !PROSE.includes(statement))).toEqual([]);
    expect(limits.CLIENT_TOUCHPOINTS_MAX / limits.TOUCHPOINTS_MAX).toBe(0.5);
    const { prose } = readPage("docs/architecture.md");
    expect(prose).toContain(`up to ${limits.BLOCK_RECORDS_MAX.toLocaleString("en")}`);
  });

  test("states those of queries", () => {
    const number = (value: number) => value.toLocaleString("en");
    expect(boundOf("touchpoints of `timings` and")).toBe(number(limits.TOUCHPOINTS_LISTED_MAX));
    expect(boundOf("touchpoints of `timings/series")).toStartWith(`${number(limits.SERIES_BUCKETS_MAX)} buckets`);
    expect(boundOf("rows of")).toBe(
      `${limits.DURATION_ROWS_MAX}, and ${number(limits.DURATION_CELLS_MAX)} cells together`,
    );
    expect(boundOf("fields of `breakdown`")).toBe(
      `${limits.BREAKDOWN_FIELDS_MAX}, with \`limit\` values each, at most ${limits.BREAKDOWN_VALUES_MAX}`,
    );
    const held = [limits.BREAKDOWN_NAMES_HELD_MAX, number(limits.BREAKDOWN_VALUES_HELD_MAX)];
    expect(PROSE).toContain(
      `the first ${held[0]} names that come are looked at, and of each the first ${held[1]} values`,
    );
    expect(boundOf("categories")).toBe(number(limits.CATEGORIES_LISTED_MAX));
    expect(boundOf("records and running starts of `trace`")).toBe(number(limits.TRACE_RECORDS_MAX));
    expect(boundOf("patterns of")).toBe("`limit`, at most 1,000");
    expect(boundOf("a pattern")).toBe(`${limits.PATTERN_LENGTH_MAX} characters`);
    expect(PROSE).toContain(`or ${number(limits.PATTERNS_HELD_MAX)} patterns that it meets`);
    expect(PROSE).toContain(
      `${limits.VIEWS_MAX} of all projects together, with names of up to ${limits.VIEW_NAME_LENGTH_MAX} characters and addresses of up to ${number(limits.VIEW_ADDRESS_LENGTH_MAX)}.`,
    );
    expect(boundOf("fields of `fields`")).toBe(number(limits.FIELDS_LISTED_MAX));
    expect(boundOf("a touchpoint's name")).toBe(`${TOUCHPOINT_LENGTH_MAX} characters`);
    expect(boundOf("a field's name")).toBe(`${limits.FIELD_NAME_LENGTH_MAX} characters`);
    expect(boundOf("a value")).toBe(`${number(limits.VALUE_LENGTH_MAX)} characters`);
    for (const what of ["a page of", "a list of"]) {
      expect(boundOf(what)).toBe(`${limits.PAGE_LENGTH_MAX / MIB} Mi characters of text`);
    }
    const groups = `${limits.KEYED_REFUSALS_MAX} of live keys and ${limits.STRANGERS_REFUSALS_MAX} of others`;
    expect(boundOf("groups of `refusals`")).toBe(`${groups}, texts of ${limits.REFUSAL_TEXT_LENGTH_MAX} characters`);
    expect(boundOf("time of a query")).toBe(`${limits.QUERY_MS_MAX / 1_000} seconds`);
    const atOnce = `${limits.QUERIES_AT_ONCE_MAX}, ${limits.EXPORTS_AT_ONCE_MAX} and ${number(limits.TAILS_AT_ONCE_MAX)}`;
    expect(boundOf("queries, exports and live tails at once")).toBe(atOnce);
    expect(boundOf("memory of all queries")).toBe(`${limits.QUERIES_BYTES_MAX / MIB} MiB, about`);
    expect(PROSE).toContain(`first ${number(limits.NAMES_HELD_MAX)} names (${number(limits.VALUES_HELD_MAX)} values)`);
    const search = `${number(limits.SEARCH_LENGTH_MAX)} characters, ${limits.SEARCH_TERMS_MAX} terms and ${limits.SEARCH_DEPTH_MAX} levels`;
    expect(PROSE).toContain(search);
    expect(PROSE).toContain(
      `more than ${number(limits.TAIL_LAG_MAX)} records behind goes on ${number(limits.TAIL_LAG_AFTER_MOVE)} before the newest`,
    );
    expect(limits.HASHES_HELD_MAX).toBeGreaterThan(1_000_000);
  });

  test("states those of shipping to ClickHouse", () => {
    const number = (value: number) => value.toLocaleString("en");
    const batch = `${number(BATCH_RECORDS_MAX)} records, ${BATCH_BYTES_MAX / MIB} MiB or ${GATHER_MS / 1_000} seconds`;
    expect(boundOf("a batch to ClickHouse")).toBe(batch);
    expect(boundOf("pauses between attempts")).toBe(`${BACKOFF_MS_MIN / 1_000} to ${BACKOFF_MS_MAX / 1_000} seconds`);
    const mutation = `${STATEMENT_MS_MAX / 60_000} minutes a mutation, ${number(MUTATION_IDS_MAX)} ids in it`;
    expect(boundOf("erasing in ClickHouse")).toBe(mutation);
    expect(boundOf("numbers of nodes")).toBe(`1 to ${number(limits.CLICKHOUSE_NODE_MAX)}`);
    expect(boundOf("records of a node")).toBe(`2^${limits.NODE_ID_BITS}`);
    expect(limits.CLICKHOUSE_NODE_MAX * 2 ** limits.NODE_ID_BITS + 2 ** limits.NODE_ID_BITS).toBeLessThanOrEqual(
      2 ** 53,
    );
  });
});
