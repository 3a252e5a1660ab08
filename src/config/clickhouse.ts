// The [clickhouse] table: a cluster behind the data file. From values to settings, and what cannot work.

import { type StaticDecode, Type } from "@sinclair/typebox";
import { CLICKHOUSE_NODE_MAX, CLICKHOUSE_URLS_MAX } from "../core/limits.ts";
import { Secret } from "../core/secret.ts";
import type { LineProblem, TomlDocument, TomlTable, TomlValue } from "./document.ts";
import type { ClickHouseSettings } from "./settings.ts";
import { duration, SettingRefused, size, table, text, whole } from "./value_schemas.ts";
import { formatSize, parseDuration, parseSize } from "./value_text.ts";

const NAME_EXPECTED = "a name of letters, digits and _, at most 64 characters";

/** A name that stands in statements: of a database, or of a cluster. */
const name = (standard: string, pattern: RegExp, expects: string) =>
  text(
    expects,
    (value) => {
      if (!pattern.test(value)) throw new SettingRefused(`expected ${expects}`);
      return value;
    },
    { default: standard },
  );

const URL_EXPECTED = 'the address of the HTTP interface, such as "http://clickhouse-1:8123"';

/** Without a slash at the end. */
const serverUrl = () =>
  text(URL_EXPECTED, (value) => {
    const url = URL.parse(value);
    if (url === null || !/^https?:$/.test(url.protocol)) throw new SettingRefused(`expected ${URL_EXPECTED}`);
    if (url.username + url.password !== "")
      throw new SettingRefused(
        "expected an address without a user: clickhouse.user and clickhouse.password are for that",
      );
    if (url.search + url.hash !== "") throw new SettingRefused(`expected ${URL_EXPECTED}, without ? and #`);
    // ClickHouse's own protocols, in which it answers no HTTP.
    if (url.port === "9000" || url.port === "9440")
      throw new SettingRefused(
        "expected the port of the HTTP interface, usually 8123 or 8443; this one is the native protocol's",
      );
    return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  });

const printable = (expects: string, standard: string, secret: boolean) =>
  Type.Transform(Type.String({ expects, default: standard, ...(secret ? { secret } : {}) }))
    .Decode((value) => {
      if (!/^[ -~]{0,400}$/.test(value)) throw new SettingRefused(`expected ${expects}`);
      return value;
    })
    .Encode((value) => value);

/** The table. */
export const ClickHouseSchema = table({
  url: Type.Array(serverUrl(), {
    minItems: 1,
    maxItems: CLICKHOUSE_URLS_MAX,
    expects: `a list of 1 to ${CLICKHOUSE_URLS_MAX} addresses of HTTP interfaces, such as ["http://clickhouse-1:8123"]`,
  }),
  database: name("simplelogs", /^[A-Za-z_][A-Za-z0-9_]{0,63}$/, NAME_EXPECTED),
  user: printable("a name of printable ASCII", "default", false),
  password: printable("a password of printable ASCII", "", true),
  cluster: name("", /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?$/, 'the name of a cluster, or "" for none'),
  node: whole(1, CLICKHOUSE_NODE_MAX, { default: 1 }),
  keep_local: duration("1d"),
  backlog_max: size("10GiB", 2 ** 20, Number.MAX_SAFE_INTEGER),
});

/** The settings of a table without problems; undefined where there is none. */
export function clickHouseSettings(
  values: StaticDecode<typeof ClickHouseSchema> | undefined,
): ClickHouseSettings | undefined {
  if (values === undefined) return undefined;
  return {
    urls: [...new Set(values.url)],
    database: values.database,
    user: values.user,
    password: new Secret(values.password),
    cluster: values.cluster,
    node: values.node,
    keepLocalMs: values.keep_local,
    backlogBytesMax: values.backlog_max,
  };
}

/** Where the cluster is, with the password in the clear for whoever asks it, and the number of this node. */
export function clusterOf({ urls, database, user, password, cluster, node }: ClickHouseSettings) {
  return { urls, database, user, password: password.reveal(), cluster, node };
}

/** Bounds that contradict one another, and a password that anybody on the way can read. */
export function checkClickHouse(
  document: TomlDocument,
  completed: TomlTable,
): { readonly problems: LineProblem[]; readonly warnings: LineProblem[] } {
  const problems: LineProblem[] = [];
  const warnings: LineProblem[] = [];
  const values = tableOf(completed["clickhouse"]);
  if (values === undefined) return { problems, warnings };
  const line = (setting: string) => document.line(["clickhouse", setting]);
  const backlog = bytesOf(values["backlog_max"]);
  const storage = bytesOf(tableOf(completed["storage"])?.["max_size"]);
  if (backlog !== undefined && storage !== undefined && backlog > storage) {
    const message =
      `clickhouse.backlog_max = ${formatSize(backlog)}: it is more than storage.max_size (${formatSize(storage)}), ` +
      "and what is not shipped is never deleted for its size";
    problems.push({ line: line("backlog_max"), message });
  }
  const keepLocal = durationOf(values["keep_local"]);
  for (const [project, rules] of Object.entries(tableOf(completed["projects"]) ?? {})) {
    const retention = durationOf(tableOf(rules)?.["retention"]);
    if (keepLocal === undefined || retention === undefined || keepLocal <= retention) continue;
    const message = `clickhouse.keep_local is more than the retention of ${JSON.stringify(project)}, which holds here too`;
    warnings.push({ line: line("keep_local"), message });
  }
  const urls = Array.isArray(values["url"]) ? values["url"].filter((url) => typeof url === "string") : [];
  const isPlain = urls.some(
    (url) => URL.parse(url)?.protocol === "http:" && !/^http:\/\/(?:localhost|127\.|\[::1\])/i.test(url),
  );
  if (isPlain && values["password"] !== undefined && values["password"] !== "") {
    const message = "clickhouse.password goes over http:// unencrypted: use https:// unless the network is yours alone";
    warnings.push({ line: line("password"), message });
  }
  return { problems, warnings };
}

function tableOf(value: TomlValue | undefined): TomlTable | undefined {
  return typeof value === "object" && !Array.isArray(value) ? value : undefined;
}

function bytesOf(value: TomlValue | undefined): number | undefined {
  return typeof value === "number" ? value : typeof value === "string" ? parseSize(value) : undefined;
}

function durationOf(value: TomlValue | undefined): number | undefined {
  return typeof value === "string" ? parseDuration(value) : undefined;
}
