// The page on the configuration names every setting with its default, and the examples of all pages load.

import { describe, expect, test } from "bun:test";
import { diffSettings } from "../../../src/config/reload.ts";
import { problemsOf, settingsOf } from "../../support/configuration.ts";
import { spansOf } from "./markdown.ts";
import { PAGES, readPage } from "./pages.ts";
import { type ShownDefault, schemaSettings } from "./settings.ts";

const PAGE = readPage("docs/configuration.md");
const EXAMPLE_KEY = /"(sk_your_server_key|ck_your_client_key)"/g;

function shownDefault(cell: string): ShownDefault {
  if (cell === "none" || cell === "required") return cell;
  const [text = ""] = spansOf(cell);
  return { value: JSON.parse(/^[\d_.]+$/.test(text) ? text.replaceAll("_", "") : text) };
}

describe("the configuration", () => {
  test("of every page loads, each block by itself, but for its example keys", () => {
    const variables = {
      SIMPLELOGS_TOKEN: "an-admin-token-for-tests",
      SHOP_TEAM_TOKEN: "a-readers-token-for-tests",
      CLICKHOUSE_PASSWORD: "a password",
    };
    const toml = PAGES.flatMap((path) => readPage(path).blocks("toml"));
    expect(toml.length).toBeGreaterThan(1);
    for (const text of toml) {
      expect(problemsOf(text.replaceAll(EXAMPLE_KEY, '"$1_8f3a9c2e71b04d55ac"'), variables)).toEqual([]);
      expect(problemsOf(text, variables)).toHaveLength(text.match(EXAMPLE_KEY)?.length ?? 0);
    }
  });
});

describe("the page on the configuration", () => {
  test("names every setting with its real default", () => {
    const shown = PAGE.rows("setting").map(([name = "", cell = ""]) => [spansOf(name)[0], shownDefault(cell)]);
    expect(shown).toEqual([...schemaSettings()]);
  });

  test("says of every setting whether a reload applies it", () => {
    const other = `host = "::1"
port = 1
data = "other.db"
admin_token = "an-admin-token-for-tests"
metrics_open = true
trusted_proxies = ["::1"]
max_body = 1
max_entries = 1
queue = { requests = 1, bytes = 1024, client_share = 1 }
storage = { durability = "write", max_size = "1GiB" }
timings = { timeout = "1s", orphan_grace = "1s", max_open = 1, max_open_bytes = 1024 }
dedupe = { window = "1s", requests = 1 }
otlp = { max_body = 1024, resource = ["host.name"] }
log = { level = "debug" }
tls = { cert = "cert.pem", key = "key.pem" }
clickhouse = { url = ["http://a:8123"], database = "other", user = "other", password = "other", cluster = "other", node = 2, keep_local = "2d", backlog_max = "1MiB" }
syslog = [{ listen = "tls://[::]:6514", key = "routers", time_zone = "Europe/Berlin" }]
keys = [{ name = "routers", server = "sk_8f3a9c2e71b04d55ac" }]`;
    const restart = PAGE.rows("setting").filter(([, , , by]) => by === "restart");
    expect(restart.map(([name = ""]) => spansOf(name)[0])).toEqual(diffSettings(settingsOf(""), settingsOf(other)));
    expect(new Set(PAGE.rows("setting").map(([, , , by]) => by))).toEqual(new Set(["restart", "reload"]));
  });
});
