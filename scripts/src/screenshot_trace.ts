// The trace of the documentation's screenshot: a checkout that fails after three attempts to be paid.

const TRACE_KEY = "4bf92f3577b34da6a3ce929d0e0e4736";

interface Trace {
  readonly key: string;
  /** As a server takes them. */
  readonly entries: readonly object[];
}

/** The entries of the trace, which begins at this time, in Unix ms. */
export function checkoutTrace(start: number): Trace {
  const shared = { user: "u_123", region: "eu-west-1" };
  const span = (touchpoint: string, from: number, duration: number, id: string, parent?: string, level?: string) => ({
    key: TRACE_KEY,
    touchpoint,
    startTime: start + from,
    endTime: start + from + duration,
    duration,
    ...(level === undefined ? {} : { level }),
    metadata: { spanId: id, ...(parent === undefined ? {} : { parentSpanId: parent }), ...shared },
  });
  const log = (touchpoint: string, at: number, level: string, message: string, id: string) => ({
    key: TRACE_KEY,
    touchpoint,
    level,
    message,
    timestamp: start + at,
    metadata: { spanId: id, ...shared },
  });
  const pay = "ext/payments/authorize";
  return {
    key: TRACE_KEY,
    entries: [
      span("web/checkout", 0, 31_320, "a1"),
      span("api/checkout", 62, 31_180, "b1", "a1", "error"),
      log("api/checkout", 66, "info", "checkout of ord_7f3a91 for 129.90 EUR", "b1"),
      span("api/session/verify", 70, 260, "c1", "b1"),
      span("db/sessions/find", 84, 200, "c2", "c1"),
      span("api/cart/load", 340, 1_900, "d1", "b1"),
      span("db/cart/items", 360, 750, "d2", "d1"),
      span("cache/prices/get", 380, 320, "d3", "d1"),
      span("db/products/find", 1_120, 1_080, "d4", "d1"),
      span("api/stock/reserve", 2_260, 3_200, "e1", "b1"),
      span("db/stock/lock", 2_300, 3_000, "e2", "e1", "warn"),
      log("db/stock/lock", 4_300, "warn", "waits for a lock since 2 s", "e2"),
      span(pay, 5_500, 8_000, "f1", "b1", "error"),
      log(pay, 13_490, "error", "provider answered 504 after 8 s", "f1"),
      log("api/checkout", 13_700, "warn", "payment failed, again in 400 ms", "b1"),
      span(pay, 13_900, 8_600, "f2", "b1", "error"),
      log(pay, 22_490, "error", "provider answered 504 after 8.6 s", "f2"),
      span(pay, 22_700, 8_300, "f3", "b1", "error"),
      log(pay, 30_990, "error", "provider answered 504 after 8.3 s", "f3"),
      span("db/orders/fail", 31_050, 120, "g1", "b1"),
      log("api/checkout", 31_200, "error", "ord_7f3a91 failed: payment not authorised", "b1"),
    ],
  };
}
