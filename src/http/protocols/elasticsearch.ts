// Elasticsearch's bulk API under /elasticsearch/, and what its clients ask before they send. Every answer names the
// product, or the official clients refuse it. A full queue is 503 as everywhere: the official client
// for JavaScript sends the whole body again after it, and does not after 429.
// Source: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk

import { Type } from "@sinclair/typebox";
import type { AcceptedReport, DroppedRecord } from "../../core/batch.ts";
import type { OperationDocument, Route } from "../base/routes.ts";
import { JSON_TYPE, problemOf, refusalDocuments } from "./answers.ts";
import type { ProtocolResponse, ProtocolRoute, Refusal } from "./protocol.ts";

const PRODUCT = { "x-elastic-product": "Elasticsearch" };
/** The version that is told: the lowest number whose clients, and those of the next one, take what is answered. */
const VERSION = "8.19.0";
/** Letters of AcceptedReport.operations: see decode/elasticsearch.ts. */
const OPERATIONS: Readonly<Record<string, string>> = { c: "create", i: "index", u: "update", d: "delete" };
const BAD_RECORD = 400;

/** Names of Elasticsearch's exceptions; clients log them. */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "parse_exception",
  401: "security_exception",
  403: "security_exception",
  413: "content_too_long_exception",
  415: "media_type_header_exception",
  422: "illegal_argument_exception",
  429: "es_rejected_execution_exception",
  503: "es_rejected_execution_exception",
};

const ErrorSchema = Type.Object({
  error: Type.Object({ type: Type.String(), reason: Type.String() }),
  message: Type.String(),
  status: Type.Integer(),
});

function documentOf(id: string): OperationDocument {
  return {
    id,
    summary: "Send documents, as to Elasticsearch's bulk API",
    description:
      "Lines of actions, each before its document. create and index are stored, update and delete refused. What is wrong is " +
      "refused alone, as its item says.",
    access: "sender",
    ...(id === "bulkIndex"
      ? { path: Type.Object({ index: Type.String({ description: "For actions that name none" }) }) }
      : {}),
    responses: {
      200: {
        description: "Taken; items has a status for each action, in order: 201 stored, 400 not",
        schema: Type.Object({
          took: Type.Integer(),
          errors: Type.Boolean(),
          items: Type.Array(Type.Record(Type.String(), Type.Object({ status: Type.Integer() }))),
        }),
        headers: { "X-Elastic-Product": "Elasticsearch" },
      },
      ...refusalDocuments(ErrorSchema),
    },
  };
}

function acceptedResponse({ dropped, operations = "" }: AcceptedReport): ProtocolResponse {
  const problems = new Map(dropped.map((record) => [record.at, record]));
  const items = Array.from(operations, (letter, at) => itemOf(OPERATIONS[letter] ?? "index", problems.get(at)));
  const body = `{"took":0,"errors":${dropped.length > 0},"items":[${items.join(",")}]}`;
  return { status: 200, body, contentType: JSON_TYPE, headers: PRODUCT };
}

function itemOf(operation: string, dropped: DroppedRecord | undefined): string {
  if (dropped === undefined) return `{"${operation}":{"result":"created","status":201}}`;
  const error = { type: "document_parsing_exception", reason: problemOf(dropped) };
  return JSON.stringify({ [operation]: { status: BAD_RECORD, error } });
}

function refusedResponse({ status, message }: Refusal): ProtocolResponse {
  const cause = { type: ERROR_TYPES[status] ?? "exception", reason: message };
  const body = JSON.stringify({ error: { root_cause: [cause], ...cause }, status, message });
  return { status, body, contentType: JSON_TYPE, headers: PRODUCT };
}

function routeOf(path: string, id: string): ProtocolRoute {
  return {
    path,
    protocol: "elasticsearch",
    document: documentOf(id),
    formOf: () => "text",
    accepted: acceptedResponse,
    refused: refusedResponse,
  };
}

/** Where documents are sent. */
export const elasticsearchRoutes: readonly ProtocolRoute[] = [
  routeOf("/elasticsearch/_bulk", "bulk"),
  routeOf("/elasticsearch/{index}/_bulk", "bulkIndex"),
];

function stub(path: string, id: string, summary: string, answer: unknown): Route {
  const body = JSON.stringify(answer);
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => [name, Type.String()] as const);
  const document: OperationDocument = {
    id,
    summary,
    access: "open",
    ...(names.length === 0 ? {} : { path: Type.Object(Object.fromEntries(names)) }),
    responses: { 200: { description: "Always the same", schema: Type.Object({}) } },
  };
  const handle = () => new Response(body, { headers: { "content-type": JSON_TYPE, ...PRODUCT } });
  return { path, operations: { GET: { document, handle } } };
}

const SHARDS = { total: 1, successful: 1, failed: 0 };

/**
 * What clients ask first, or last: the version (official clients), the health (winston-elasticsearch, omelasticsearch),
 * the licence, whether a template is there (winston-elasticsearch), and a refresh (pino-elasticsearch). It needs no key
 * and says nothing of what is stored.
 */
export function elasticsearchStubs(): Route[] {
  return [
    stub("/elasticsearch/", "elasticsearchVersion", "The version of Elasticsearch that is spoken", {
      name: "simplelogs",
      cluster_name: "simplelogs",
      cluster_uuid: "simplelogs",
      version: {
        number: VERSION,
        build_flavor: "default",
        build_type: "tar",
        build_hash: "simplelogs",
        build_date: "2025-07-23T22:10:18.138215839Z",
        build_snapshot: false,
        lucene_version: "9.12.2",
        minimum_wire_compatibility_version: "7.17.0",
        minimum_index_compatibility_version: "7.0.0",
      },
      tagline: "You Know, for Search",
    }),
    stub("/elasticsearch/_cluster/health", "elasticsearchHealth", "For clients that ask before they send", {
      cluster_name: "simplelogs",
      status: "green",
      timed_out: false,
      number_of_nodes: 1,
      number_of_data_nodes: 1,
    }),
    stub("/elasticsearch/_license", "elasticsearchLicence", "For clients that ask before they send", {
      license: { uid: "simplelogs", type: "basic", mode: "basic", status: "active" },
    }),
    stub("/elasticsearch/_index_template/{name}", "elasticsearchTemplate", "Every template is there: none is needed", {
      index_templates: [],
    }),
    stub("/elasticsearch/{index}/_refresh", "elasticsearchRefresh", "What was answered is visible", {
      _shards: SHARDS,
    }),
  ];
}
