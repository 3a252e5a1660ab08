// Readers against the executable: what their token reads, how it comes and goes, and Grafana's dashboard with it.

import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer } from "../support/server.ts";

const OTHER_KEY = "sk_other0123456789abcd";
const TABLES = `
[[keys]]
name = "other"
project = "other"
server = "${OTHER_KEY}"
`;

interface Reader {
  readonly token: string;
  readonly projects: readonly string[] | null;
}

async function createReader(server: TestServer, name: string, ...commandLine: string[]): Promise<string> {
  const { exitCode, stdout } = await server.command("readers", "create", name, ...commandLine, "--json");
  expect(exitCode).toBe(0);
  const { token } = JSON.parse(stdout) as Reader;
  await eventually(
    "the reader's token is taken",
    async () => (await ask(server, "/api/v1/session", token)).status === 200,
  );
  return token;
}

function ask(server: TestServer, path: string, token: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });
}

async function sendToBoth(server: TestServer): Promise<void> {
  const now = Date.now();
  const entries = (project: string) => [
    { message: `of ${project}`, touchpoint: `api/${project}`, level: "error", timestamp: now - 2_000 },
    { touchpoint: `db/${project}`, duration: 40, timestamp: now - 1_000 },
    { touchpoint: `open/${project}`, key: project, startTime: now },
    // Dropped: empty.
    {},
  ];
  expect((await server.post({ key: OTHER_KEY, source: "server", entries: entries("other") })).status).toBe(202);
  await server.send(entries("default"));
}

describe("a reader", () => {
  test("of one project finds nothing of another, by any route that reads", () =>
    withServer(configText({ tables: TABLES }), async (server) => {
      await sendToBoth(server);
      const token = await createReader(server, "shop team", "--project", "default");
      const paths = [
        "entries",
        "entries?order=asc",
        "trace?key=other",
        "fields/project/values",
        "fields/touchpoint/values",
        "timings",
        "timings/series?by=touchpoint",
        "timings/running",
        "patterns",
        "touchpoints",
        "usage",
        "rejections",
        "export",
        "breakdown?q=level:error",
      ];
      for (const path of paths) {
        const response = await ask(server, `/api/v1/${path}`, token);
        expect([path, response.status]).toEqual([path, 200]);
        const text = await response.text();
        expect([path, text.includes("other")]).toEqual([
          path,
          path.startsWith("breakdown") && text.includes('"others"'),
        ]);
        const whole = await (await ask(server, `/api/v1/${path}`, ADMIN_TOKEN)).text();
        expect([path, whole.includes("other")]).toEqual([path, true]);
      }
      const tail = await ask(server, "/api/v1/tail?lastEventId=0", token);
      const events = tail.body?.pipeThrough(new TextDecoderStream()).getReader();
      let seen = "";
      while (!seen.includes("db/default")) seen += (await events?.read())?.value ?? "";
      expect(seen).not.toContain("other");
      await events?.cancel();
      for (const path of ["entries?project=other", "tail?project=other", "export?project=other", "keys", "refusals"]) {
        expect([path, (await ask(server, `/api/v1/${path}`, token)).status]).toEqual([path, 403]);
      }
      expect((await ask(server, "/metrics", token)).status).toBe(403);
    }));

  test("changes nothing, and is gone within a second of its table", () =>
    withServer(configText({ tables: TABLES }), async (server) => {
      await sendToBoth(server);
      const before = readFileSync(server.configFile, "utf8");
      const token = await createReader(server, "grafana", "--hashed");
      const text = readFileSync(server.configFile, "utf8");
      expect([text.startsWith(before.trimEnd()), text.includes(token), server.stderr.includes(token)]).toEqual([
        true,
        false,
        false,
      ]);
      const body = JSON.stringify({ project: "default" });
      for (const [method, path] of [
        ["POST", "erase"],
        ["POST", "keys"],
        ["DELETE", "keys?name=other"],
        ["POST", "touchpoints"],
        ["POST", "views"],
      ] as const) {
        const init = method === "POST" ? { method, body } : { method };
        expect([path, (await ask(server, `/api/v1/${path}`, token, init)).status]).toEqual([path, 403]);
      }
      expect(await (await ask(server, "/api/v1/session", token)).json()).toEqual({
        name: "grafana",
        isAdmin: false,
        projects: null,
      });
      const { exitCode, stdout } = await server.command("readers", "list");
      expect([exitCode, stdout]).toEqual([0, "NAME     PROJECTS\ngrafana  all\n"]);
      expect((await server.command("readers", "create", "grafana")).exitCode).toBe(2);
      expect((await server.command("readers", "remove", "grafan")).stderr).toContain('did you mean "grafana"?');
      expect((await server.command("readers", "remove", "grafana")).exitCode).toBe(0);
      await eventually("the token is refused", async () => (await ask(server, "/api/v1/usage", token)).status === 401);
      expect(readFileSync(server.configFile, "utf8").trimEnd()).toBe(before.trimEnd());
    }));

  test("whose projects change gets a tail of the new ones only", () =>
    withServer(configText({ tables: TABLES }), async (server) => {
      const token = await createReader(server, "shop team", "--project", "default");
      const text = readFileSync(server.configFile, "utf8");
      writeFileSync(server.configFile, text.replace('projects = ["default"]', 'projects = ["other"]'));
      await eventually("the other project is theirs", async () => {
        return (await ask(server, "/api/v1/entries?project=other", token)).status === 200;
      });
      expect((await ask(server, "/api/v1/entries?project=default", token)).status).toBe(403);
    }));
});

interface Target {
  readonly url: string;
  readonly url_options: { readonly params: readonly { readonly key: string; readonly value: string }[] };
  readonly root_selector: string;
  readonly columns: readonly { readonly selector: string; readonly type: string }[];
}

test("Grafana's dashboard: each of its queries is answered with the rows and columns that it names", () =>
  withServer(configText({ tables: TABLES }), async (server) => {
    await sendToBoth(server);
    const token = await createReader(server, "grafana");
    const file = join(import.meta.dir, "../../docs/grafana_dashboard.json");
    const dashboard = JSON.parse(readFileSync(file, "utf8")) as { panels: { title: string; targets: Target[] }[] };
    const now = Date.now();
    const variables: Record<string, string> = {
      __from: String(now - 3_600_000),
      __to: String(now + 60_000),
      __interval_ms: "30000",
      q: "",
    };
    const expanded = (text: string) =>
      text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => variables[name] ?? "unknown");
    for (const { title, targets } of dashboard.panels) {
      for (const { url, url_options: options, root_selector: root, columns } of targets) {
        const parameters = new URLSearchParams(
          Object.fromEntries(options.params.map(({ key, value }) => [key, expanded(value)])),
        );
        // As Infinity's backend asks with the bearer token of the data source.
        const response = await fetch(`${server.url}${url}?${parameters.toString()}`, {
          headers: { Authorization: `Bearer ${token}`, Accept: "application/json", "User-Agent": "Grafana/11.0.0" },
        });
        expect([title, response.status]).toEqual([title, 200]);
        const rows = ((await response.json()) as Record<string, Record<string, unknown>[]>)[root] ?? [];
        expect([title, rows.length > 0]).toEqual([title, true]);
        const missing = columns.filter(({ selector }) => !rows.some((row) => selector in row));
        expect([title, missing.map(({ selector }) => selector)]).toEqual([
          title,
          title === "Latest errors" ? ["key"] : [],
        ]);
        for (const { selector, type } of columns) {
          if (type !== "timestamp_epoch") continue;
          expect(rows.every((row) => Math.abs(Number(row[selector]) - now) < 7_200_000)).toBe(true);
        }
      }
    }
  }));
