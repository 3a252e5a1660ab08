// A ClickHouse server for tests: the engine itself (the package chdb) in this process, behind the part of the server's
// HTTP interface that SimpleLogs uses. Run by Node: node engine.cjs PACKAGES FOLDER [PASSWORD]. Prints its port.
//
// What differs from a server:
// - The engine gives its own ids to queries. The id of a request is kept as the comment of its query, and KILL QUERY
//   looks there.
// - There is one user; rights, roles and quotas are not checked. What a profile of the user would set comes with a
//   request's header.
// - No cluster: neither Keeper nor Replicated and Distributed tables, nor ON CLUSTER.
// - CONNECTIONS_MAX requests at once; others wait, where a server would answer 202 (TOO_MANY_SIMULTANEOUS_QUERIES).

const { createServer } = require("node:http");
const { rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { gunzipSync } = require("node:zlib");
const { randomUUID } = require("node:crypto");

const [packages, folder, password = ""] = process.argv.slice(2);
const native = require(join(packages, "node_modules/chdb/dist/loader.js")).loadNative();

const CONNECTIONS_MAX = 12;
/** The limits of a server: http_max_uri_size, http_max_field_value_size, of encoded text in the address and of bytes in forms. */
const ADDRESS_LENGTH_MAX = 1024 * 1024;
const VALUE_LENGTH_MAX = 128 * 1024;
/** Characters of one statement that gives settings, about. */
const STATEMENT_LENGTH = 100_000;
/** What of a request's address is no setting. */
const RESERVED = new Set(["query", "query_id", "database", "default_format", "user", "password", "wait_end_of_query"]);
/** Settings of a server's HTTP handler that the engine does not have. */
const HANDLER_SETTINGS = new Set(["http_write_exception_in_output_format"]);

// The engine lives as long as one connection does.
native.CreateConnection(folder);
const waiting = [];
let open = 0;

/** A connection of the request's own, so that no setting of another one is in it: 0.2 ms. */
async function acquire() {
  if (open === CONNECTIONS_MAX) await new Promise((resolve) => waiting.push(resolve));
  else open++;
  return native.CreateConnection(folder);
}

function release(connection) {
  native.CloseConnection(connection);
  const next = waiting.shift();
  if (next === undefined) open--;
  else next();
}

const literal = (text) => `'${text.replace(/[\\']/g, "\\$&")}'`;
const run = (connection, sql) => native.QueryAsyncConnection(connection, sql, "CSV");

/** Gives the connection what the request says. */
async function prepare(connection, search, profile) {
  if (profile) await run(connection, `SET ${profile}`);
  await run(connection, `USE \`${(search.get("database") ?? "default").replace(/[\\`]/g, "\\$&")}\``);
  const settings = [`log_comment = ${literal(search.get("query_id"))}`];
  for (const [name, value] of search) {
    if (RESERVED.has(name) || HANDLER_SETTINGS.has(name)) continue;
    const isNumber = /^-?\d+(\.\d+)?$/.test(value) && !name.startsWith("param_");
    settings.push(`${name} = ${isNumber ? value : literal(value)}`);
  }
  // Not by the binding's own parameters: those of requests at the same time get mixed up.
  // Some at a time, since a statement is bounded in length.
  while (settings.length > 0) {
    const some = [settings.shift()];
    let length = some[0].length;
    while (settings.length > 0 && length + settings[0].length < STATEMENT_LENGTH) {
      length += settings[0].length;
      some.push(settings.shift());
    }
    await run(connection, `SET ${some.join(", ")}`);
  }
}

/** Source: exceptionCodeToHTTPStatus of ClickHouse. */
function statusOf(code) {
  if (code === 516) return 403;
  if ([60, 46, 47, 50, 81].includes(code)) return 404;
  if (code === 159) return 408;
  if (code === 48) return 501;
  if (code === 209) return 503;
  if ([27, 41, 43, 53, 62, 456, 457, 115, 36, 42].includes(code)) return 400;
  return 500;
}

function failed(response, message) {
  const text = message.replace(/^Query failed: /, "");
  const code = Number(/Code: (\d+)/.exec(text)?.[1] ?? 1001);
  if (!response.headersSent) {
    response.writeHead(statusOf(code), { "X-ClickHouse-Exception-Code": String(code), "Content-Type": "text/plain" });
    response.end(`${text}\n`);
    return;
  }
  // As a server since 25.11 ends an answer that it has begun.
  const tag = response.getHeader("X-ClickHouse-Exception-Tag");
  response.end(`\r\n__exception__\r\n${tag}\r\n${text}\n${Buffer.byteLength(text) + 1} ${tag}\r\n__exception__\r\n`);
}

/** Rows come from a file: behind their statement, binary ones would be taken for a part of it. */
async function insert(connection, sql, body) {
  const file = join(folder, `../rows-${randomUUID()}.bin`);
  writeFileSync(file, body);
  try {
    await run(connection, sql.replace(/\bFORMAT\b(?=\s+\w+\s*$)/, `FROM INFILE ${literal(file)} FORMAT`));
  } finally {
    rmSync(file);
  }
}

async function answer(connection, { search, profile }, body, response) {
  await prepare(connection, search, profile);
  const inUrl = search.get("query");
  const sql = inUrl ?? body.toString("utf8");
  if (inUrl !== undefined && body.length > 0) {
    await insert(connection, inUrl, body);
    response.end();
    return;
  }
  const killed = /^\s*KILL QUERY\b/i.test(sql) ? sql.replace(/\bquery_id\b/, "Settings['log_comment']") : sql;
  const format = search.get("default_format") ?? "TabSeparated";
  if (!/^\s*(?:SELECT|WITH)\b/i.test(killed) || search.get("wait_end_of_query") === "1") {
    const result = await native.QueryAsyncConnection(connection, killed, format);
    response.end(Buffer.from(result.bytes ?? result.buffer ?? []));
    return;
  }
  const stream = native.StreamQuery(connection, killed, format);
  for (;;) {
    const chunk = await native.StreamFetch(stream);
    if (chunk.done) break;
    if (chunk.bytes.length === 0) continue;
    if (!response.write(Buffer.from(chunk.bytes)) && !response.destroyed) {
      await new Promise((resolve) => {
        const goOn = () => {
          response.off("drain", goOn).off("close", goOn);
          resolve();
        };
        response.on("drain", goOn).on("close", goOn);
      });
    }
  }
  response.end();
}

/** The fields of the address and of a form; a query in several fields is put together. Throws what a server says. */
function fieldsOf(request, body) {
  const failure = (text) => new Error(`Code: 1000. DB::Exception: HTML Form Exception: ${text}. (POCO_EXCEPTION)`);
  for (const field of request.url.slice(request.url.indexOf("?") + 1).split("&")) {
    if (field.length - field.indexOf("=") - 1 > VALUE_LENGTH_MAX) throw failure("Field value too long");
  }
  const search = new Map(new URL(request.url, "http://localhost").searchParams);
  const boundary = /^multipart\/form-data;\s*boundary=(.+)$/.exec(request.headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) return { search, body };
  const parts = `\r\n${body.toString("latin1")}`.split(`\r\n--${boundary}`);
  if (parts[0] !== "" || !parts.at(-1).startsWith("--")) throw failure("No boundary line found");
  let sql = search.get("query") ?? "";
  search.delete("query");
  for (const part of parts.slice(1, -1)) {
    const [, name, value] = /^\r\nContent-Disposition: form-data; name="([^"]+)"\r\n\r\n([^]*)$/.exec(part) ?? [];
    if (name === undefined) throw failure("Field without a name");
    if (value.length > VALUE_LENGTH_MAX) throw failure("Field value too long");
    const text = Buffer.from(value, "latin1").toString("utf8");
    if (name === "query") sql += text;
    else search.set(name, text);
  }
  return { search, body: Buffer.from(sql) };
}

async function answerRequest(request, response) {
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return;
  }
  if (request.url.length > ADDRESS_LENGTH_MAX) {
    response.writeHead(400, { "Content-Type": "text/plain" }).end("HTTP request URI invalid or too long\n");
    return;
  }
  response.setHeader("X-ClickHouse-Exception-Tag", randomUUID().replaceAll("-", "").slice(0, 16));
  if (password !== "" && request.headers["x-clickhouse-key"] !== password) {
    failed(response, "Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)");
    return;
  }
  const raw = Buffer.concat(chunks);
  const connection = await acquire();
  try {
    const sent = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    const { search, body } = fieldsOf(request, sent);
    if (!search.has("query_id")) search.set("query_id", randomUUID());
    response.setHeader("X-ClickHouse-Query-Id", search.get("query_id"));
    await answer(connection, { search, profile: request.headers["x-test-profile"] }, body, response);
  } catch (error) {
    failed(response, error.message);
  } finally {
    release(connection);
  }
}

// Longer than what a server takes of an address, which is refused above.
const server = createServer(
  { maxHeaderSize: 2 * ADDRESS_LENGTH_MAX },
  (request, response) => void answerRequest(request, response),
);
server.keepAliveTimeout = 30_000;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
// The test has ended, however that came about.
process.stdin.resume().on("end", () => process.exit(0));
