// Alerts, loaded when they are first needed: a server without rules, destinations and heartbeat loads and runs nothing
// of them.

import {
  type AlertFigures,
  type AlertService,
  type AlertsResponse,
  type AlertTestResponse,
  NO_FIGURES,
  type PreviewOrder,
  type PreviewOutcome,
  type RuleChange,
  type RuleChangeOutcome,
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
  /** Undefined before the first ones. */
  #settings: AlertSettings | undefined;
  #cancel: () => void = () => undefined;
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: Omit<AlertsOptions, "settings" | "rows">) {
    this.#options = options;
  }

  /** Takes over a configuration: the first one, or a changed one. The store can be asked. */
  setSettings(settings: AlertSettings): Promise<void> {
    this.#cancel();
    this.#settings = settings;
    return this.#inTurn(() => this.#set(settings)).catch(() => undefined);
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

  /** The first change loads what evaluates rules. */
  async changeRule(change: RuleChange): Promise<RuleChangeOutcome> {
    const settings = this.#settings;
    if (this.#alerts === undefined && settings !== undefined) {
      await this.#inTurn(() => this.#set(settings, true)).catch(() => undefined);
    }
    if (this.#alerts !== undefined) return this.#alerts.changeRule(change);
    return { ok: false, code: "unavailable", problem: { message: "The data file cannot be read now" } };
  }

  async preview(order: PreviewOrder, signal: AbortSignal): Promise<PreviewOutcome> {
    const { readRule, ...options } = this.#options;
    const { rule: given } = order;
    const known = typeof given === "string" ? this.#alerts?.find(given)?.rule : undefined;
    if (typeof given === "string" && known === undefined) return { ok: false, problem: undefined };
    const reading = known === undefined ? readRule(given, false) : { ok: true as const, rule: known };
    if (!reading.ok) return { ok: false, problem: reading.problems[0] ?? { message: "the rule cannot work" } };
    const { previewRule } = await import("./preview.ts");
    return previewRule(reading.rule, order, options, signal);
  }

  /** Runs work after all that was begun before; what it throws is in the log as well. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.then(
      () => undefined,
      (error: unknown) => {
        this.#options.log("error", `alerts: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
    return result;
  }

  /** @param isNeeded whether there will be something to do */
  async #set(settings: AlertSettings, isNeeded = false): Promise<void> {
    if (this.#alerts !== undefined) {
      if (!isNeeded) await this.#alerts.setSettings(settings);
      return;
    }
    const outcome = await this.#options.changes.change({ kind: "read_alerts" });
    if (!outcome.ok) {
      // The writer starts again, or the disk is full: nothing of alerts is lost meanwhile, but time.
      this.#cancel = this.#options.schedule(() => void this.setSettings(settings), READ_AGAIN_MS);
      return;
    }
    const rows = outcome.alerts ?? [];
    // Rules that were made in the app are there, and what fired under a rule that was removed is told as resolved.
    if (!isUsed(settings) && rows.length === 0 && !isNeeded) return;
    const { Alerts } = await import("./alerts.ts");
    if (!this.#isStopped) this.#alerts = new Alerts({ ...this.#options, settings, rows });
  }
}
