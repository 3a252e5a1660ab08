// Notifications, destinations and the world of an attempt, for tests of deliveries.

import { AllowedAddresses } from "../../src/alerts/delivery/addresses.ts";
import type { DeliveryContext } from "../../src/alerts/delivery/outcome.ts";
import type { WebhookDestination } from "../../src/core/destination.ts";
import type { Notification } from "../../src/core/notification.ts";
import { Secret } from "../../src/core/secret.ts";

export const TOLD_AT = Date.UTC(2026, 10, 30, 9);

export function notification(changes: Partial<Notification> = {}): Notification {
  return {
    id: "run-1.7",
    rule: "errors",
    project: "shop",
    state: "firing",
    kind: "count",
    value: 12,
    threshold: 10,
    side: "above",
    query: "level:error",
    from: TOLD_AT - 300_000,
    to: TOLD_AT,
    since: TOLD_AT,
    severity: "warning",
    url: "https://logs.example.com/logs?q=level%3Aerror",
    samples: [
      {
        id: 5,
        time: TOLD_AT - 1000,
        level: "error",
        touchpoint: "api/pay",
        message: "Payment failed",
        url: "https://logs.example.com/logs?record=5",
      },
    ],
    ...changes,
  };
}

export function webhook(url: string, changes: Partial<WebhookDestination> = {}): WebhookDestination {
  return {
    name: "hook",
    type: "webhook",
    url: new Secret(url),
    headers: {},
    credentials: undefined,
    secret: undefined,
    template: undefined,
    ...changes,
  };
}

/** Real timers, and this machine allowed as where the test's sinks are. */
export function deliveryContext(changes: Partial<DeliveryContext> = {}): DeliveryContext {
  return {
    clock: () => TOLD_AT,
    schedule: (run, ms) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    resolve: () => Promise.resolve(["127.0.0.1"]),
    allowed: new AllowedAddresses(["127.0.0.0/8", "::1"]),
    ...changes,
  };
}
