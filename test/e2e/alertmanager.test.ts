// A real Alertmanager: it takes what is sent, keeps it firing while it is sent again, groups it by its labels, and tells
// its own receiver when it is resolved.

import { describe, expect, test } from "bun:test";
import { postAlerts, sendToAlertmanager } from "../../src/alerts/delivery/alertmanager.ts";
import { withAlertmanager } from "../support/alertmanager.ts";
import { untilTrue } from "../support/condition.ts";
import { deliveryContext, notification } from "../support/notifications.ts";

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
