// ClickHouse over its HTTP interface. In: statements with bound parameters, and rows to insert. Out: rows, or an error
// that says what is to be done. Invariant: an insert is never sent twice by itself, unless the first server certainly
// did not take it.

import { randomUUID } from "node:crypto";
import { ignoreProxies } from "../runtime/proxies.ts";
import {
  ClickHouseError,
  type ClickHouseErrorKind,
  codeInText,
  isLimitCode,
  kindOfCode,
  kindOfStatus,
  reasonOf,
} from "./errors.ts";
import { ADDRESS_LENGTH_MAX, formBody } from "./form_body.ts";
import { type Parameters, parameterText } from "./parameters.ts";
import { Bounds, HANG_GRACE_MS, REQUEST_MS_MAX } from "./request_bounds.ts";
import { InnerException, type Row, readRows } from "./rows.ts";

/** Where the servers are. */
export interface ClickHouseAddress {
  /** http: or https:, one or more; tried in this order, beginning with the one that answered last. */
  readonly urls: readonly string[];
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Name of the cluster; empty: one server, or several with the same data. A query is killed on all of it. */
  readonly cluster: string;
}

/** Settings of ClickHouse by name. */
export type ClickHouseSettings = Readonly<Record<string, string | number>>;

/** Bounds of one request. */
export interface RequestOptions {
  /** Cancels it: the server is told, too. */
  readonly signal?: AbortSignal | undefined;
  /** The server ends it after so many ms. Default: REQUEST_MS_MAX. */
  readonly timeMsMax?: number | undefined;
  /** Bytes of memory that it may take on the server. Default: what the server's own settings say. */
  readonly memoryMax?: number | undefined;
  readonly settings?: ClickHouseSettings | undefined;
  /** Default: the client's; "default" is always there. */
  readonly database?: string | undefined;
}

/** Rows to insert. */
export interface Insertion {
  readonly table: string;
  readonly columns: readonly string[];
  /** As `format` says. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly format: "RowBinary" | "RowBinaryWithNamesAndTypes" | "JSONCompactEachRow" | "Native";
  /** The server stores nothing for a token that it has seen lately (`insert_deduplication_token`). */
  readonly token: string;
}

/** How long a server is told to end a query, in ms. */
const KILL_MS_MAX = 5_000;
/** How long a server may take to say its version, in ms. */
const VERSION_MS_MAX = 10_000;
/** Rows that the server gathers before it stores them; more than one insert has. */
const BLOCK_ROWS_MIN = 1_048_449;
/** So much of an error's text is read, in characters. */
const ERROR_TEXT_LENGTH_MAX = 2_000;

const ALWAYS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 1,
  // An error within rows comes as its text, which is no row, and not in the form of one.
  http_write_exception_in_output_format: 0,
};

/** Codes of errors that come before anything was sent. */
const BEFORE_SENDING: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

interface Exchange {
  /** The settings of the request. */
  readonly search: Map<string, string>;
  /** By name, as their texts. Of inserts: none. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly isInsert: boolean;
  readonly options: RequestOptions;
  /** The only server that is asked; undefined: one after the other. */
  readonly only?: string;
  /** The server that was asked last. */
  sentTo?: string;
}

/**
 * One client for one address; it holds no connection that has to be closed. From the first one on, this thread ignores
 * the proxies of the environment: what is sent to the cluster, the password among it, goes to the cluster. Plain fetch:
 * on this runtime it takes the same time as the official client (see docs/scaling.md), needs no package, and gives the
 * state of an insert whose answer was lost, which the official client reports as any other error.
 */
export class ClickHouseClient {
  readonly #address: ClickHouseAddress;
  readonly #hangGraceMs: number;
  #current = 0;

  /** `hangGraceMs`: how much later than the server the client gives up. Default: HANG_GRACE_MS. */
  constructor(address: ClickHouseAddress, { hangGraceMs = HANG_GRACE_MS }: { readonly hangGraceMs?: number } = {}) {
    ignoreProxies();
    this.#address = address;
    this.#hangGraceMs = hangGraceMs;
  }

  /** The server that is asked next, without user and password. */
  get url(): string {
    return this.#address.urls[this.#current] as string;
  }

  /** The rows of a query, each an array of its columns. Throws ClickHouseError. */
  async query(sql: string, parameters: Parameters = {}, options: RequestOptions = {}): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const some of this.stream(sql, parameters, options)) for (const row of some) rows.push(row);
    return rows;
  }

  /** The rows of a query as they come, some at a time. Ending the loop early ends the query. Throws ClickHouseError. */
  async *stream(sql: string, parameters: Parameters = {}, options: RequestOptions = {}): AsyncGenerator<Row[]> {
    const exchange: Exchange = {
      search: searchOf(options, { default_format: "JSONCompactEachRow" }),
      parameters: textsOf(parameters),
      body: sql,
      isInsert: false,
      options,
    };
    const bounds = new Bounds(options, this.#hangGraceMs);
    let isDone = false;
    try {
      const { response, url } = await this.#send(exchange, bounds);
      yield* readRows(response, (error) => this.#failure(error, exchange, bounds, url));
      isDone = true;
    } catch (error) {
      isDone = !bounds.isOver;
      throw error;
    } finally {
      bounds.end();
      if (!isDone) void this.kill(exchange.search.get("query_id") ?? "", exchange.sentTo);
    }
  }

  /** Runs a statement that returns nothing. Throws ClickHouseError. */
  async command(sql: string, parameters: Parameters = {}, options: RequestOptions = {}): Promise<void> {
    const search = searchOf(options, { wait_end_of_query: "1" });
    await this.#complete({ search, parameters: textsOf(parameters), body: sql, isInsert: true, options });
  }

  /** Inserts rows. When it returns, they are stored. Throws ClickHouseError: "uncertain" where they may be. */
  async insert({ table, columns, body, format, token }: Insertion, options: RequestOptions = {}): Promise<void> {
    const names = columns.map(quotedName).join(", ");
    const settings: ClickHouseSettings = {
      async_insert: 0,
      insert_deduplicate: 1,
      insert_deduplication_token: token,
      // Through a Distributed table, too, it returns once the shard has the rows.
      distributed_foreground_insert: 1,
      // A batch may hold records of any days.
      max_partitions_per_insert_block: 0,
      // All of a day is one block, whatever the user's profile says: a part of a batch that is sent again has its token,
      // and would else be taken for another part of it.
      max_insert_block_size: BLOCK_ROWS_MIN,
      min_insert_block_size_rows: BLOCK_ROWS_MIN,
      min_insert_block_size_bytes: 0,
      ...options.settings,
    };
    const search = searchOf({ ...options, settings }, { wait_end_of_query: "1" });
    search.set("query", `INSERT INTO ${quotedName(table)} (${names}) FORMAT ${format}`);
    await this.#complete({ search, parameters: new Map(), body, isInsert: true, options });
  }

  /** The server's version, "26.7.2.1": any server answers this, however old. Throws ClickHouseError. */
  async version(): Promise<string> {
    const options: RequestOptions = { database: "default", timeMsMax: VERSION_MS_MAX };
    const exchange = { search: new Map(), parameters: new Map(), body: "SELECT version()", isInsert: false, options };
    const text = await this.#complete(exchange);
    const version = text.trim().replaceAll(/^"|"$/g, "");
    if (/^\d+(?:\.\d+)+/.test(version)) return version;
    const { url } = this;
    this.#leave(url);
    throw noClickHouse("unreachable", url, 200);
  }

  /** Ends a query on the server that has it, as far as it can be reached. Never throws. */
  async kill(queryId: string, only = this.url): Promise<void> {
    const { cluster } = this.#address;
    const where = cluster === "" ? "" : ` ON CLUSTER ${quotedName(cluster)}`;
    const sql = `KILL QUERY${where} WHERE query_id = {id:String} ASYNC`;
    const options = { timeMsMax: KILL_MS_MAX };
    const search = searchOf(options, { wait_end_of_query: "1" });
    const parameters = textsOf({ id: queryId });
    try {
      await this.#complete({ search, parameters, body: sql, isInsert: false, options, only });
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
    }
  }

  /** The text of an answer that is read to its end. */
  async #complete(exchange: Exchange): Promise<string> {
    const bounds = new Bounds(exchange.options, this.#hangGraceMs);
    try {
      const { response, url } = await this.#send(exchange, bounds);
      let text: string;
      try {
        text = await response.text();
      } catch (error) {
        throw this.#failure(error, exchange, bounds, url);
      }
      const code = codeInText(text);
      if (code !== undefined) throw exceptionError(text, code, exchange.isInsert, url);
      return text;
    } finally {
      bounds.end();
    }
  }

  /**
   * Asks one server after the other until one has taken the request. The only one is asked twice, unless it would insert
   * twice: it may have closed the connection that the last request had left open.
   */
  async #send(exchange: Exchange, bounds: Bounds): Promise<{ response: Response; url: string }> {
    const servers = exchange.only === undefined ? this.#address.urls.length : 1;
    for (let attempt = 1; ; attempt++) {
      const url = exchange.only ?? this.url;
      exchange.sentTo = url;
      try {
        return { response: await this.#sendTo(url, exchange, bounds), url };
      } catch (error) {
        const failed = error instanceof ClickHouseError ? error : this.#failure(error, exchange, bounds, url);
        const isNext = failed.kind === "unreachable" || failed.kind === "busy";
        // Also one that refuses: it may be the only one whose users or tables are not as they should be.
        if (isNext || failed.kind === "refused" || isLost(failed)) this.#leave(url);
        const isAskedAgain = servers === 1 && attempt === 1 && failed.kind === "unreachable" && !exchange.isInsert;
        if (!isAskedAgain && (!isNext || attempt >= servers)) throw failed;
        // What was sent may still run under its id.
        if (isAskedAgain && exchange.search.has("query_id")) exchange.search.set("query_id", randomUUID());
      }
    }
  }

  /** From now on the next server is asked first. */
  #leave(url: string): void {
    if (this.url === url) this.#current = (this.#current + 1) % this.#address.urls.length;
  }

  async #sendTo(url: string, exchange: Exchange, bounds: Bounds): Promise<Response> {
    const { user, password, database } = this.#address;
    const target = new URL(url);
    for (const [name, value] of exchange.search) target.searchParams.set(name, value);
    target.searchParams.set("database", exchange.options.database ?? database);
    const { type, body } = bodyOf(exchange, target);
    const response = await fetch(target, {
      method: "POST",
      headers: { "X-ClickHouse-User": user, "X-ClickHouse-Key": password, "Content-Type": type },
      body,
      signal: bounds.signal,
      redirect: "error",
    });
    const code = Number(response.headers.get("X-ClickHouse-Exception-Code") ?? 0);
    if (response.ok && code === 0) {
      // Something before it may answer in its place: what it did not take is not stored, and what it did not say is no row.
      if (exchange.search.size === 0 || isFromClickHouse(response)) return response;
      await response.body?.cancel().catch(() => undefined);
      throw noClickHouse(exchange.isInsert ? "uncertain" : "unreachable", url, response.status);
    }
    const text = (await response.text().catch(() => "")).slice(0, ERROR_TEXT_LENGTH_MAX);
    const found = code === 0 ? codeInText(text) : code;
    if (found !== undefined) throw exceptionError(text, found, exchange.isInsert, url);
    const kind = kindOfStatus(response.status, exchange.isInsert);
    throw new ClickHouseError(kind, `${url} answered ${response.status}: ${firstLine(text)}`);
  }

  /** What an exception of fetch means. */
  #failure(error: unknown, { isInsert }: Exchange, bounds: Bounds, url: string): ClickHouseError {
    if (error instanceof ClickHouseError) return error;
    if (error instanceof InnerException) return exceptionError(error.message, error.code, isInsert, url);
    if (bounds.isCancelled) return new ClickHouseError(isInsert ? "uncertain" : "cancelled", "cancelled");
    if (bounds.isOver) {
      // It may hang, or be out of reach: a server that only takes long ends the query itself.
      this.#leave(url);
      const kind = isInsert ? "uncertain" : "time";
      return new ClickHouseError(kind, `${url} did not answer within ${bounds.timeMsMax + this.#hangGraceMs} ms`);
    }
    const reason = reasonOf(error);
    const kind = isInsert && !isBeforeSending(error) ? "uncertain" : "unreachable";
    return new ClickHouseError(kind, `cannot reach ${url}: ${reason}`);
  }
}

/** A name in a statement, such as a table's. */
export function quotedName(name: string): string {
  return `\`${name.replace(/[\\`]/g, "\\$&")}\``;
}

/** The body of a request and its type. Parameters go into the address where they are short, which a log then shows. */
function bodyOf({ parameters, body }: Exchange, target: URL): { type: string; body: string | Uint8Array<ArrayBuffer> } {
  const inAddress = new URLSearchParams([...parameters]).toString();
  if (inAddress.length > ADDRESS_LENGTH_MAX && typeof body === "string") return formBody(body, parameters);
  for (const [name, value] of parameters) target.searchParams.set(name, value);
  return { type: "application/octet-stream", body };
}

function textsOf(parameters: Parameters): Map<string, string> {
  return new Map(Object.entries(parameters).map(([name, value]) => [`param_${name}`, parameterText(value)]));
}

/** The settings of a request. */
function searchOf(
  { timeMsMax = REQUEST_MS_MAX, memoryMax, settings = {} }: RequestOptions,
  more: Readonly<Record<string, string>>,
): Map<string, string> {
  const search = new Map<string, string>([["query_id", randomUUID()]]);
  search.set("max_execution_time", String(Math.max(1, Math.ceil(timeMsMax / 1000))));
  if (memoryMax !== undefined) search.set("max_memory_usage", String(memoryMax));
  for (const [name, value] of Object.entries({ ...ALWAYS, ...settings, ...more })) search.set(name, String(value));
  return search;
}

function exceptionError(text: string, code: number, isInsert: boolean, url: string): ClickHouseError {
  const kind = kindOfCode(code, isInsert);
  return new ClickHouseError(kind, `${url}: ${firstLine(text).slice(0, ERROR_TEXT_LENGTH_MAX)}`, code);
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}

/** Whether what became of a request is unknown, and not for a limit that the server keeps: then it works as it should. */
function isLost({ kind, code = 0 }: ClickHouseError): boolean {
  return kind === "uncertain" && !isLimitCode(code);
}

/** Every answer of ClickHouse names its query, or the code of its exception. */
function isFromClickHouse({ headers }: Response): boolean {
  return [...headers.keys()].some((name) => name.toLowerCase().startsWith("x-clickhouse-"));
}

function noClickHouse(kind: ClickHouseErrorKind, url: string, status: number): ClickHouseError {
  const hint =
    "is it the address of another server, or of a proxy that answers in its place or removes X-ClickHouse-* headers?";
  return new ClickHouseError(kind, `${url} answered ${status}, but not as ClickHouse does: ${hint}`);
}

/** Whether no connection was made: the request cannot have been received. */
function isBeforeSending(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && BEFORE_SENDING.has(code);
}
