// Tells Prometheus Alertmanager. It groups, routes and repeats by itself, and takes an alert that nobody sends again for
// resolved: so what fires is sent each minute, and what is resolved has its end.
//
// Source: Alertmanager's OpenAPI, POST /api/v2/alerts; label names by Prometheus' data model.

import { createHash } from "node:crypto";
import type { AlertmanagerDestination } from "../../core/destination.ts";
import type { Notification } from "../../core/notification.ts";
import { sendRequest } from "./http_request.ts";
import {
  formatValue,
  headlineOf,
  isBad,
  isoTime,
  noteOf,
  oneLine,
  sampleLine,
  sentenceOf,
  type Told,
} from "./message.ts";
import type { DeliveryContext, Outcome } from "./outcome.ts";
import { basicHeader, outcomeOf, revealed, secretsOf } from "./webhook.ts";

/** How often everything that fires is sent again, in ms. */
export const REPOST_MS = 60_000;
/** What fires ends by itself after this many ms: five times it may not arrive. */
const FIRING_MS_MAX = 5 * REPOST_MS;
/** A test ends by itself. */
const TEST_MS = REPOST_MS;
/** Alerts of one request. */
const ALERTS_MAX = 500;
/** A group's value is never longer. */
const LABEL_CHARACTERS_MAX = 500;
const API_PATH = "/api/v2/alerts";
const OWN_LABELS: ReadonlySet<string> = new Set(["alertname", "severity", "project", "job", "test"]);

/** One attempt. Throws DeliveryError where there is no answer. */
export function sendToAlertmanager(
  destination: AlertmanagerDestination,
  told: Told,
  context: DeliveryContext,
): Promise<Outcome> {
  return postAlerts(destination, told.state === "summary" ? told.notifications : [told], context);
}

/** Sends these alerts as they are now; the first request that is not taken ends it. Throws DeliveryError. */
export async function postAlerts(
  destination: AlertmanagerDestination,
  notifications: readonly Notification[],
  context: DeliveryContext,
): Promise<Outcome> {
  for (let from = 0; from < notifications.length; from += ALERTS_MAX) {
    const now = context.clock();
    const alerts = notifications.slice(from, from + ALERTS_MAX).map((one) => alertOf(one, now));
    const { url, headers, credentials } = destination;
    const answer = await sendRequest(
      {
        url: new URL(url.reveal()),
        method: "POST",
        headers: { "content-type": "application/json", ...revealed(headers), ...basicHeader(credentials) },
        body: JSON.stringify(alerts),
      },
      context,
    );
    const secrets = secretsOf(destination).filter((secret) => secret !== API_PATH);
    const outcome = outcomeOf(answer, secrets, context.clock());
    if (outcome.outcome !== "delivered") return outcome;
  }
  return { outcome: "delivered" };
}

/** A notification as Alertmanager takes it. Its labels are what makes it the same alert again. `now`: Unix ms. */
export function alertOf(notification: Notification, now: number): Record<string, unknown> {
  const { rule, severity, project, group, state, since, to, kind, value, threshold, query, url } = notification;
  const annotations: Record<string, string> = {
    summary: headlineOf(notification),
    description: sentenceOf(notification),
    value: value === undefined ? "" : formatValue(value, kind),
    threshold: formatValue(threshold, kind),
    query: oneLine(query, LABEL_CHARACTERS_MAX),
    note: noteOf(notification) ?? "",
    samples: notification.samples.map(sampleLine).join("\n"),
  };
  // However the clocks were set meanwhile, what is resolved has ended, and has begun before.
  const endsAt = isBad(notification) ? now + FIRING_MS_MAX : state === "test" ? now + TEST_MS : Math.min(to, now);
  return {
    labels: {
      alertname: label(rule),
      job: "simplelogs",
      severity,
      ...(project === undefined ? {} : { project: label(project) }),
      ...(group === undefined ? {} : { [labelName(group.field)]: label(group.value) }),
      ...(state === "test" ? { test: "true" } : {}),
    },
    annotations: Object.fromEntries(Object.entries(annotations).filter(([, text]) => text !== "")),
    startsAt: isoTime(Math.min(since, now, endsAt)),
    endsAt: isoTime(endsAt),
    ...(/^https?:\/\//.test(url) && URL.canParse(url) ? { generatorURL: new URL(url).href } : {}),
  };
}

/** A label is never empty: an empty one is none. Texts that differ stay labels that differ. */
function label(text: string): string {
  const shown = oneLine(text, LABEL_CHARACTERS_MAX);
  if (shown === text && shown !== "") return shown;
  const digest = createHash("sha256").update(JSON.stringify(text)).digest("hex").slice(0, 8);
  return shown === "" ? (text === "" ? "(empty)" : `(empty ${digest})`) : `${shown} (${digest})`;
}

/** "metadata.orderId" is metadata_orderId; one of Alertmanager's or of the others gets a prefix. */
function labelName(field: string): string {
  const name = field.replace(/[^A-Za-z0-9_]/g, "_").slice(0, 60);
  return OWN_LABELS.has(name) || !/^[A-Za-z]/.test(name) ? `group_${name}` : name;
}
