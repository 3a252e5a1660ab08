// Bodies of the protocols that the shared endpoint takes, each with a number of logs, for tests that treat all alike.

import { logsBody, logsBytes } from "./otlp_messages.ts";

/** How one protocol is spoken. */
export interface SpokenProtocol {
  readonly name: string;
  readonly path: string;
  readonly contentType: string;
  /** What a body that was taken is answered. */
  readonly success: number;
  /** Whether equal bodies are one request. */
  readonly isExact: boolean;
  /** A body with a log for each message, all now. */
  readonly body: (messages: readonly string[]) => Uint8Array<ArrayBuffer>;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function otlpBody(messages: readonly string[]) {
  const timeUnixNano = `${Date.now()}000000`;
  return logsBody(messages.map((message) => ({ timeUnixNano, severityNumber: 9, body: { stringValue: message } })));
}

function sentryBody(messages: readonly string[]): string {
  const items = messages.map((body) => ({ timestamp: Date.now() / 1_000, level: "info", body, attributes: {} }));
  return `{"sdk":{"name":"test","version":"1"}}\n{"type":"log","item_count":${items.length}}\n${JSON.stringify({ items })}`;
}

function lokiBody(messages: readonly string[]): string {
  const values = messages.map((message) => [`${Date.now()}000000`, message]);
  return JSON.stringify({ streams: [{ stream: { app: "shop" }, values }] });
}

export const PROTOCOLS_SPOKEN: readonly SpokenProtocol[] = [
  {
    name: "OTLP, JSON",
    path: "/v1/logs",
    contentType: "application/json",
    success: 200,
    isExact: true,
    body: (messages) => bytesOf(JSON.stringify(otlpBody(messages))),
  },
  {
    name: "OTLP, protobuf",
    path: "/api/otlp/v1/logs",
    contentType: "application/x-protobuf",
    success: 200,
    isExact: true,
    body: (messages) => new Uint8Array(logsBytes(otlpBody(messages))),
  },
  {
    name: "Sentry",
    path: "/api/1/envelope/",
    contentType: "application/x-sentry-envelope",
    success: 200,
    isExact: false,
    body: (messages) => bytesOf(sentryBody(messages)),
  },
  {
    name: "Loki",
    path: "/loki/api/v1/push",
    contentType: "application/json",
    success: 204,
    isExact: true,
    body: (messages) => bytesOf(lokiBody(messages)),
  },
  {
    name: "Elasticsearch",
    path: "/elasticsearch/_bulk",
    contentType: "application/x-ndjson",
    success: 200,
    isExact: false,
    body: (messages) =>
      bytesOf(messages.map((message) => `{"index":{"_index":"logs"}}\n${JSON.stringify({ message })}\n`).join("")),
  },
  {
    name: "lines",
    path: "/api/v1/ingest",
    contentType: "application/x-ndjson",
    success: 202,
    isExact: false,
    body: (messages) => bytesOf(messages.map((message) => `${JSON.stringify({ message })}\n`).join("")),
  },
];
