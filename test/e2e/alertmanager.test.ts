// A real Alertmanager: it takes what is sent, keeps it firing while it is sent again, groups it by its labels, and tells
// its own receiver when it is resolved.

import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { postAlerts, sendToAlertmanager } from "../../src/alerts/delivery/alertmanager.ts";
import type { AlertmanagerDestination } from "../../src/core/destination.ts";
import { Secret } from "../../src/core/secret.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { withFolder } from "../support/folder.ts";
import { deliveryContext, notification } from "../support/notifications.ts";

const PROGRAM = process.env["SIMPLELOGS_TEST_ALERTMANAGER"] ?? "prometheus-alertmanager";
const PASSED_ON_MS = 1_000;

interface PassedOn {
  readonly status: "firing" | "resolved";
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly generatorURL: string;
    readonly startsAt: string;
  }[];
}

interface Running {
  readonly destination: AlertmanagerDestination;
  /** What its receiver was told. */
  readonly passedOn: readonly PassedOn[];
  readonly active: () => Promise<string[]>;
}

/** A server that keeps the JSON it is sent. */
async function receiver(passedOn: PassedOn[]): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      passedOn.push(JSON.parse(Buffer.concat(chunks).toString("utf8")) as PassedOn);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = await receiver([]);
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function withAlertmanager(work: (running: Running) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const passedOn: PassedOn[] = [];
    const server = await receiver(passedOn);
    const port = await freePort();
    const config = join(folder, "alertmanager.yml");
    const hook = `http://127.0.0.1:${portOf(server)}/`;
    writeFileSync(
      config,
      `route:\n  receiver: sink\n  group_by: [alertname]\n  group_wait: 0s\n  group_interval: ${PASSED_ON_MS}ms\n  repeat_interval: 1h\nreceivers:\n  - name: sink\n    webhook_configs:\n      - url: ${hook}\n`,
    );
    const program = spawn(
      PROGRAM,
      [
        `--config.file=${config}`,
        `--storage.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
      ],
      { stdio: "ignore" },
    );
    const api = `http://127.0.0.1:${port}/api/v2/alerts`;
    const active = async () => {
      const alerts = (await (await fetch(api)).json()) as { readonly labels: Record<string, string> }[];
      return alerts.map(({ labels }) => labels["alertname"] ?? "").toSorted();
    };
    try {
      await eventually("Alertmanager answers", async () => (await fetch(api).catch(() => undefined))?.ok === true);
      const destination: AlertmanagerDestination = {
        name: "prometheus",
        type: "alertmanager",
        url: new Secret(api),
        headers: {},
        credentials: undefined,
      };
      await work({ destination, passedOn, active });
    } finally {
      const ended = new Promise((resolve) => program.once("exit", resolve));
      program.kill();
      await ended;
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

/** Alertmanager compares times with its own clock. */
function context() {
  return deliveryContext({ clock: () => Date.now() });
}

function current(changes: Parameters<typeof notification>[0] = {}) {
  const now = Date.now();
  return notification({ from: now - 300_000, to: now, since: now, ...changes });
}

const DELIVERED = { outcome: "delivered" } as const;

describe("Alertmanager", () => {
  test("is told of what fires, with its labels, and of its end", async () => {
    await withAlertmanager(async ({ destination, passedOn, active }) => {
      const firing = current({ group: { field: "metadata.orderId", value: 'a "b" \\ ü' }, note: "see the wiki" });
      expect(await sendToAlertmanager(destination, firing, context())).toEqual(DELIVERED);
      await untilTrue("firing is passed on", () => passedOn.length >= 1);
      const [first] = passedOn;
      expect(first?.alerts[0]?.labels).toEqual({
        alertname: "errors",
        job: "simplelogs",
        project: "shop",
        severity: "warning",
        metadata_orderId: 'a "b" \\ ü',
      });
      expect(first?.alerts[0]?.annotations).toMatchObject({ note: "see the wiki", value: "12", threshold: "10" });
      expect(first?.alerts[0]?.generatorURL).toBe(firing.url);
      // Sent again, it is the same alert.
      expect(await postAlerts(destination, [firing, { ...firing, state: "repeat" }], context())).toEqual(DELIVERED);
      expect(await active()).toEqual(["errors"]);
      const resolved = { ...firing, state: "resolved" as const, to: Date.now() };
      expect(await sendToAlertmanager(destination, resolved, context())).toEqual(DELIVERED);
      await untilTrue("resolved is passed on", () => passedOn.some(({ status }) => status === "resolved"));
      expect(await active()).toEqual([]);
    });
  });

  test("takes whatever stands in a rule, a group and a record", async () => {
    await withAlertmanager(async ({ destination, active }) => {
      const texts = ["", "\u0000\ud800", "a\r\nb", "{{ .Labels }}", "x".repeat(5_000), "日本語", "</script>"];
      const all = texts.map((text, index) =>
        current({
          rule: `rule ${index} ${text}`,
          query: text,
          note: text,
          url: index === 0 ? "" : `https://a.example/?q=${encodeURIComponent(text.toWellFormed())}`,
          group: { field: `${text.slice(0, 20)}severity`, value: text },
          samples: [{ id: 1, time: 0, message: text, url: text }],
        }),
      );
      expect(await postAlerts(destination, all, context())).toEqual(DELIVERED);
      expect(await active()).toHaveLength(all.length);
    });
  });

  test("is told of many at once, and of a summary", async () => {
    await withAlertmanager(async ({ destination, active }) => {
      const all = Array.from({ length: 1_200 }, (_, index) => current({ rule: `rule ${index}` }));
      expect(await postAlerts(destination, all, context())).toEqual(DELIVERED);
      expect(await active()).toHaveLength(1_200);
      const notifications = all.slice(0, 100).map((one) => ({ ...one, state: "resolved" as const, samples: [] }));
      const summary = { id: "s", state: "summary" as const, notifications, replaced: 100, at: Date.now() };
      expect(await sendToAlertmanager(destination, summary, context())).toEqual(DELIVERED);
      expect(await active()).toHaveLength(1_100);
    });
  });
});
