// Saved views over the executable's API: there after kill -9, in a backup, and known to doctor.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { SavedView, ViewsResponse } from "../../src/core/views.ts";
import { DataReader } from "../../src/store/tables_reader.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer } from "../support/server.ts";

async function ask(server: TestServer, method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}/api/v1/views${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? undefined : JSON.parse(text)) as unknown };
}

async function viewsOf(server: TestServer, query = ""): Promise<readonly SavedView[]> {
  return ((await ask(server, "GET", query)).body as ViewsResponse).views;
}

describe("saved views", () => {
  test("are saved, changed and deleted, and are there after kill -9 and in a backup", () =>
    withServer(configText(), async (server) => {
      await server.send([{ message: "a" }]);
      const address = "/logs?from=24h&q=level:error";
      const first = await ask(server, "POST", "", { name: "Errors", address });
      expect(first).toMatchObject({ status: 201, body: { name: "Errors", project: null, address } });
      const { id } = first.body as SavedView;
      expect((await ask(server, "POST", "", { name: "Errors", address: "/" })).status).toBe(409);
      expect((await ask(server, "POST", "", { name: "Own", address, project: "default" })).status).toBe(201);
      expect((await ask(server, "POST", "", { name: "Own", address, project: "nowhere" })).status).toBe(404);
      expect((await ask(server, "PATCH", `/${id}`, { name: "All errors" })).status).toBe(200);
      expect((await ask(server, "PATCH", "/5", { name: "x" })).status).toBe(404);
      const before = await viewsOf(server);
      expect(before.map(({ name }) => name)).toEqual(["All errors", "Own"]);
      expect(await viewsOf(server, "?project=default")).toEqual(before);
      await server.kill();
      await server.start();
      expect(await viewsOf(server)).toEqual(before);
      const copy = join(server.folder, "copy.db");
      expect((await server.command("backup", copy)).exitCode).toBe(0);
      const reader = new DataReader(copy);
      expect(reader.tables.views(undefined)).toEqual([...before]);
      reader.close();
      expect((await server.command("doctor")).exitCode).toBe(0);
      expect((await ask(server, "DELETE", `/${id}`)).status).toBe(204);
      expect((await ask(server, "DELETE", `/${id}`)).status).toBe(404);
      expect((await viewsOf(server)).map(({ name }) => name)).toEqual(["Own"]);
    }));
});
