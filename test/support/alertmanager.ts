// A real Alertmanager on free ports of the loopback, with a receiver that keeps what it is told.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { AlertmanagerDestination } from "../../src/core/destination.ts";
import { Secret } from "../../src/core/secret.ts";
import { eventually } from "./eventually.ts";
import { withFolder } from "./folder.ts";
import { freePort } from "./free_port.ts";

const PROGRAM = process.env["SIMPLELOGS_TEST_ALERTMANAGER"] ?? "prometheus-alertmanager";
const PASSED_ON_MS = 1_000;

/** What Alertmanager tells its receiver. */
export interface PassedOn {
  readonly status: "firing" | "resolved";
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly generatorURL: string;
    readonly startsAt: string;
  }[];
}

/** An Alertmanager that runs. */
export interface RunningAlertmanager {
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
/** Starts an Alertmanager that tells a receiver of its own, gives it to `work`, and ends both. */
export async function withAlertmanager(work: (running: RunningAlertmanager) => Promise<void>): Promise<void> {
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
