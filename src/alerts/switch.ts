// Alerts, loaded when they are first needed: a server without rules, destinations and heartbeat loads and runs nothing
// of them.

import {
  type AlertFigures,
  type AlertService,
  type AlertsResponse,
  type AlertTestResponse,
  NO_FIGURES,
} from "../core/alert_responses.ts";
import type { AlertSettings, Alerts, AlertsOptions } from "./alerts.ts";

/** After so many ms the data file is asked again, where it could not be read. */
const READ_AGAIN_MS = 2_000;

/** Whether there is anything to do. */
function isUsed({ alerts, destinations, heartbeatUrl }: AlertSettings): boolean {
  return alerts.length > 0 || destinations.length > 0 || heartbeatUrl !== undefined;
}

export class AlertSwitch implements AlertService {
  readonly #options: Omit<AlertsOptions, "settings" | "rows">;
  #alerts: Alerts | undefined;
  #cancel: () => void = () => undefined;
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: Omit<AlertsOptions, "settings" | "rows">) {
    this.#options = options;
  }

  /** Takes over a configuration: the first one, or a changed one. The store can be asked. */
  setSettings(settings: AlertSettings): Promise<void> {
    this.#cancel();
    this.#work = this.#work
      .then(() => this.#set(settings))
      .catch((error: unknown) => {
        this.#options.log("error", `alerts: ${error instanceof Error ? error.message : String(error)}`);
      });
    return this.#work;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#alerts?.stop();
  }

  list(): AlertsResponse {
    return this.#alerts?.list() ?? { rules: [], destinations: [] };
  }

  figures(): AlertFigures {
    return this.#alerts?.figures() ?? NO_FIGURES;
  }

  async test(rule: string): Promise<AlertTestResponse | undefined> {
    return this.#alerts?.test(rule);
  }

  async mute(rule: string, until: number): Promise<"done" | "not_found" | "unavailable"> {
    return this.#alerts?.mute(rule, until) ?? "not_found";
  }

  async #set(settings: AlertSettings): Promise<void> {
    if (this.#alerts !== undefined) {
      await this.#alerts.setSettings(settings);
      return;
    }
    const outcome = await this.#options.changes.change({ kind: "read_alerts" });
    const rows = outcome.ok ? (outcome.alerts ?? []) : [];
    // What fired under a rule that was removed meanwhile is still told as resolved.
    if (!isUsed(settings) && rows.length === 0) return;
    if (!outcome.ok) {
      // The writer starts again, or the disk is full: nothing of alerts is lost meanwhile, but time.
      this.#cancel = this.#options.schedule(() => void this.setSettings(settings), READ_AGAIN_MS);
      return;
    }
    const { Alerts } = await import("./alerts.ts");
    if (!this.#isStopped) this.#alerts = new Alerts({ ...this.#options, settings, rows });
  }
}
