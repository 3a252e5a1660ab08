import { describe, expect, test } from "bun:test";
import { anyValue, attributesOf, type Message, spansBody } from "../../support/otlp_messages.ts";
import { contextOf, decodeFixture, decodeSpans, OTLP, readable, spanEntry } from "./otlp_bodies.ts";

const TRACE = "12cfc67442b8d58c01a714a3d0ba7527";
const SPAN = "be9f029b960761cd";
const PARENT = "afc0f2fddf239b40";
const SERVER = 2;

describe("a span", () => {
  test("becomes a complete timing with its identifiers, kind, status, events and links", () => {
    const span = {
      traceId: TRACE,
      spanId: SPAN,
      parentSpanId: PARENT,
      traceState: "a=b",
      name: "db query",
      kind: 3,
      startTimeUnixNano: "1795974860745000000",
      endTimeUnixNano: "1795974860746753619",
      attributes: attributesOf({ rows: 5 }),
      droppedAttributesCount: 2,
      events: [
        { timeUnixNano: "1795974860745500000", name: "row", attributes: attributesOf({ n: 0 }) },
        { name: "timeless" },
      ],
      droppedEventsCount: 3,
      links: [
        { traceId: TRACE, spanId: PARENT, traceState: "c=d", attributes: attributesOf({ why: "retry" }) },
        { traceId: TRACE, spanId: SPAN },
      ],
      droppedLinksCount: 4,
      status: { code: 2, message: "it broke" },
    };
    expect(spanEntry(span, { "service.name": "shop" }, { name: "lib" })).toEqual({
      startTime: 1_795_974_860_745,
      endTime: 1_795_974_860_746.753_7,
      duration: 1.753_619,
      level: "error",
      key: TRACE,
      touchpoint: "shop/db query",
      metadata: {
        "service.name": "shop",
        "otel.scope.name": "lib",
        rows: 5,
        spanId: SPAN,
        parentSpanId: PARENT,
        kind: "client",
        statusMessage: "it broke",
        traceState: "a=b",
        events: [{ name: "row", time: 1_795_974_860_745.5, attributes: { n: 0 } }, { name: "timeless" }],
        links: [
          { traceId: TRACE, spanId: PARENT, traceState: "c=d", attributes: { why: "retry" } },
          { traceId: TRACE, spanId: SPAN },
        ],
        droppedEvents: 3,
        droppedLinks: 4,
        droppedAttributes: 2,
      },
    });
  });

  test("has a level only where its status is error", () => {
    const levelOf = (status: Message) => spanEntry({ status }).level;
    expect([{}, { code: 0 }, { code: 1 }, { code: 2 }].map(levelOf)).toEqual([
      undefined,
      undefined,
      undefined,
      "error",
    ]);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])("of kind %d says which", (kind) => {
    const names = [undefined, "internal", "server", "client", "producer", "consumer", undefined];
    expect(spanEntry({ kind }).metadata?.["kind"]).toBe(names[kind]);
  });

  test.each([
    ["1795974860745000000", "1795974860745000001", 0.000_001],
    ["1795974860745999999", "1795974860746000000", 0.000_001],
    ["1", "18446744073709551615", 18_446_744_073_709.55],
    ["1795974860745000000", "1795974860745000000", 0],
    ["1795974860745123456", "1803750860745123457", 7_776_000_000.000_001],
    ["1795974860746000000", "1795974860745000000", -1],
  ])("from %s to %s takes %d ms", (startTimeUnixNano, endTimeUnixNano, duration) => {
    expect(spanEntry({ startTimeUnixNano, endTimeUnixNano }).duration).toBe(duration);
  });

  test.each([
    ["startTimeUnixNano", "0"],
    ["endTimeUnixNano", "0"],
  ])("without %s is refused", (name, value) => {
    const times = { startTimeUnixNano: "1795974860745000000", endTimeUnixNano: "1795974860746753619" };
    const { entries, refused } = decodeSpans(spansBody([times, { ...times, [name]: value }]));
    expect(entries.length).toBe(1);
    expect(refused).toMatchObject([{ at: 1, reason: "invalid", problem: `${name} is missing` }]);
  });

  test.each([
    ["/api/orders/submit", "shop/api/orders/submit"],
    ["/orders/:id", "shop/orders/[id]"],
    ["/orders/:id/items/:itemId", "shop/orders/[id]/items/[itemId]"],
    ["/orders/{id}", "shop/orders/[id]"],
    ["orders/{id}/", "shop/orders/[id]/"],
    ["/orders/{id:int}/{slug?}", "shop/orders/[id]/[slug]"],
    ["/files/{*path}", "shop/files/[path]"],
    ["/o/{id:[0-9]{4}}", "shop/o/[id]"],
    [String.raw`/orders/:id(\d+)`, "shop/orders/[id]"],
    ["/orders/:id?", "shop/orders/[id]"],
    ["/flights/:from-:to", "shop/flights/[from]-[to]"],
    ["/jobs:cancel", "shop/jobs:cancel"],
    ["/a/[id]", "shop/a/[id]"],
    ["/", "shop/GET /"],
    ["", "shop/GET /"],
    [5, "shop/GET /"],
  ] as [unknown, string][])("of a server with the route %j has the touchpoint %j", (route, touchpoint) => {
    const span = { name: "GET /", kind: SERVER, attributes: attributesOf({ "http.route": route }) };
    const entry = spanEntry(span, { "service.name": "shop" });
    expect(entry.touchpoint).toBe(touchpoint);
    expect(entry.message).toBe((touchpoint === "shop/GET /" ? undefined : "GET /") as string);
    expect(entry.metadata?.["http.route"]).toEqual(route);
  });

  test("that is no server's has its name in its touchpoint, whatever its route", () => {
    const span = { name: "GET", kind: 3, attributes: attributesOf({ "http.route": "/orders/:id" }) };
    expect(spanEntry(span, { "service.name": "shop" }).touchpoint).toBe("shop/GET");
  });

  test.each([
    [{ "service.name": "unknown_service:node" }, { name: "work" }, "work"],
    [{}, { name: "work" }, "work"],
    [{ "service.name": "shop" }, {}, "shop"],
    [{}, {}, undefined],
    [{ "service.name": "shop" }, { name: "work", attributes: attributesOf({ touchpoint: "mine" }) }, "mine"],
  ] as [Message, Message, string | undefined][])("of %j, %j, has its touchpoint", (resource, span, touchpoint) => {
    expect(spanEntry(span, resource).touchpoint).toBe(touchpoint as string);
  });

  test("has at most 64 events and 16 links, and counts the others", () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `e${at}` }));
    const links = many(20).map((_, at) => ({ traceId: TRACE, spanId: at.toString(16).padStart(16, "1") }));
    const metadata = spanEntry({ events: many(70), droppedEventsCount: 2, links }).metadata as {
      events: unknown[];
      links: unknown[];
    };
    expect(metadata.events.length).toBe(64);
    expect(metadata.events.at(-1)).toEqual({ name: "e63" });
    expect(metadata.links.length).toBe(16);
    expect(metadata).toMatchObject({ droppedEvents: 8, droppedLinks: 4 });
    const all = spanEntry({ events: many(64), links: links.slice(0, 16) }).metadata;
    expect([all?.["droppedEvents"], all?.["droppedLinks"]]).toEqual([undefined, undefined]);
  });

  test("with a value that nests too deep in an event or a link is refused", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 33; level++) deep = [deep];
    const times = { startTimeUnixNano: "1", endTimeUnixNano: "2" };
    const attributes = [{ key: "a", value: anyValue(deep) }];
    const { entries, refused } = decodeSpans(
      spansBody([
        { ...times, events: [{ attributes }] },
        { ...times, links: [{ traceId: TRACE, spanId: SPAN, attributes }] },
        times,
      ]),
    );
    expect([entries.length, refused.map(({ reason }) => reason)]).toEqual([1, ["too_deep", "too_deep"]]);
  });

  test.each([
    [{ status: 5 }, "status is no object"],
    [{ events: {} }, "events is no array of objects"],
    [{ links: [5] }, "links is no array of objects"],
    [{ name: 5 }, "name is no text"],
    [{ startTimeUnixNano: "x" }, "startTimeUnixNano is no number of nanoseconds"],
  ])("in JSON that is %j is refused alone", (span, problem) => {
    const times = { startTimeUnixNano: "1", endTimeUnixNano: "2" };
    const text = JSON.stringify(spansBody([times, { ...times, ...span }, times]));
    const { entries, refused } = readable(OTLP.traces(text, contextOf()));
    expect(entries.length).toBe(2);
    expect(refused).toMatchObject([{ at: 1, reason: "invalid", problem }]);
  });

  test("in JSON may have names of enums", () => {
    const span = {
      startTimeUnixNano: 1_000_000,
      end_time_unix_nano: "2000000",
      kind: "SPAN_KIND_SERVER",
      status: { code: "STATUS_CODE_ERROR" },
      dropped_links_count: 1,
    };
    expect(readable(OTLP.traces(JSON.stringify(spansBody([span])), contextOf())).entries).toEqual([
      { startTime: 1, endTime: 2, duration: 1, level: "error", metadata: { kind: "server", droppedLinks: 1 } },
    ]);
  });
});

describe("spans of real senders", () => {
  test.each(["js_traces.pb", "js_traces.json.gz"])("%s", (name) => {
    const { entries, refused } = readable(decodeFixture(name));
    expect([entries.length, refused]).toEqual([24, []]);
    expect([...new Set(entries.map(({ touchpoint }) => touchpoint))]).toEqual([
      "shop/db query products",
      "shop/api/orders/submit",
    ]);
  });

  test("python_traces.pb", () => {
    const { entries } = readable(decodeFixture("python_traces.pb"));
    expect(entries[0]).toEqual({
      startTime: 1_795_974_866_281.535,
      endTime: 1_795_974_866_282.619_4,
      duration: 1.084_446,
      key: "1dfa64c3521a897a75c5d5d077781068",
      touchpoint: "billing/invoice/create",
      metadata: {
        "service.name": "billing",
        "service.instance.id": "b0ca7d0c-f754-4655-b7f6-2684245cc766",
        "service.version": "0.9",
        "otel.scope.name": "billing",
        "invoice.id": "inv_0",
        amount: 0,
        spanId: "9e0602cf8baa0c1f",
        kind: "internal",
      },
    });
  });
});
