// The saved views of the app: listed, saved, changed and deleted. Names and addresses are checked here, everything else
// is decided where the data is.

import { Type } from "@sinclair/typebox";
import { assert } from "../../core/errors.ts";
import { VIEW_ADDRESS_LENGTH_MAX, VIEW_NAME_LENGTH_MAX } from "../../core/limits.ts";
import { MessageSchema } from "../../core/responses.ts";
import {
  isViewAddress,
  VIEW_ADDRESS_EXPECTED,
  VIEW_NAME_EXPECTED,
  VIEW_NAME_PATTERN,
  ViewSchema,
  ViewsSchema,
} from "../../core/views.ts";
import { jsonResponse } from "../base/responses.ts";
import type { ResponseDocument, Route } from "../base/routes.ts";
import { invalidBody } from "./json_body.ts";
import {
  badRequest,
  defineOperation,
  NO_PARAMETERS,
  type ReadDependencies,
  refuse,
  respondWith,
  SEARCH_REFUSALS,
  UNAVAILABLE,
} from "./operation.ts";
import { PROJECT, strictObject } from "./parameters.ts";

const NAME = Type.String({
  minLength: 1,
  maxLength: VIEW_NAME_LENGTH_MAX,
  pattern: VIEW_NAME_PATTERN,
  expects: VIEW_NAME_EXPECTED,
  description: "What the view is called",
  examples: ["Errors of checkout"],
});
const ADDRESS = Type.String({
  minLength: 1,
  maxLength: VIEW_ADDRESS_LENGTH_MAX,
  expects: VIEW_ADDRESS_EXPECTED,
  description: "What it opens: a path of the app with its parameters",
  examples: ["/logs?from=24h&q=level:error"],
});
const OWNER = Type.Union([PROJECT, Type.Null()], {
  expects: `${String(PROJECT["expects"])}, or null`,
  description: "Whose it is: a project's name, or null for everybody's",
});
const ID_PATH = Type.Object({ id: Type.Integer({ minimum: 1, description: "Of a saved view" }) });
const ID = /\/views\/([1-9]\d{0,15})(?:$|\?)/;

const UNKNOWN: Readonly<Record<number, ResponseDocument>> = {
  404: { description: "There is no such view or project", schema: MessageSchema },
};
const TAKEN: Readonly<Record<number, ResponseDocument>> = {
  409: { description: "There is a view of that name, or no room for more", schema: MessageSchema },
};
const view = (description: string): ResponseDocument => ({ description, schema: ViewSchema });

export function viewRoutes(dependencies: ReadDependencies): Route[] {
  const { changes } = dependencies;
  const list = defineOperation(dependencies, {
    id: "listViews",
    access: "reader",
    summary: "The saved views of a project and everybody's, or all",
    query: strictObject({ project: Type.Optional(PROJECT) }),
    responses: { 200: { description: "The answer", schema: ViewsSchema }, ...SEARCH_REFUSALS, ...UNAVAILABLE },
    handle: (call) => respondWith(call, { kind: "views", project: call.query.project }),
  });
  const save = defineOperation(dependencies, {
    id: "saveView",
    access: "admin",
    summary: "Save a view: an address of the app with a name, for everybody who may read",
    query: NO_PARAMETERS,
    body: strictObject({ name: NAME, project: Type.Optional(OWNER), address: ADDRESS }),
    responses: { 201: view("Saved"), ...UNKNOWN, ...TAKEN, ...UNAVAILABLE },
    async handle({ body: { name, project = null, address } }) {
      if (!isViewAddress(address)) return wrongAddress();
      const outcome = await changes.change({ kind: "save_view", name, project, address });
      if (!outcome.ok) return refuse(outcome.refusal);
      assert(outcome.view !== undefined, "a saved view is shown");
      return jsonResponse(201, outcome.view);
    },
  });
  const change = defineOperation(dependencies, {
    id: "changeView",
    access: "admin",
    summary: "Rename a saved view, give it to a project or to everybody, or let it open another address",
    path: ID_PATH,
    query: NO_PARAMETERS,
    body: strictObject({ name: Type.Optional(NAME), project: Type.Optional(OWNER), address: Type.Optional(ADDRESS) }),
    responses: { 200: view("Changed"), ...UNKNOWN, ...TAKEN, ...UNAVAILABLE },
    async handle({ request, body: { name, project, address } }) {
      const id = idOf(request);
      if (id === undefined) return wrongId();
      if (address !== undefined && !isViewAddress(address)) return wrongAddress();
      if (name === undefined && project === undefined && address === undefined) {
        return invalidBody({}, ["Expected a name, a project or an address"]);
      }
      const outcome = await changes.change({ kind: "change_view", id, name, project, address });
      if (!outcome.ok) return refuse(outcome.refusal);
      assert(outcome.view !== undefined, "a changed view is shown");
      return jsonResponse(200, outcome.view);
    },
  });
  const remove = defineOperation(dependencies, {
    id: "deleteView",
    access: "admin",
    summary: "Delete a saved view; no record is touched",
    path: ID_PATH,
    query: NO_PARAMETERS,
    responses: { 204: { description: "Deleted" }, ...UNKNOWN, ...UNAVAILABLE },
    async handle({ request }) {
      const id = idOf(request);
      if (id === undefined) return wrongId();
      const outcome = await changes.change({ kind: "delete_view", id });
      return outcome.ok
        ? new Response(null, { status: 204, headers: { "cache-control": "no-store" } })
        : refuse(outcome.refusal);
    },
  });
  return [
    { path: "/api/v1/views", operations: { GET: list, POST: save } },
    { path: "/api/v1/views/{id}", operations: { PATCH: change, DELETE: remove } },
  ];
}

function idOf({ url }: Request): number | undefined {
  const [, digits] = ID.exec(url) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function wrongId(): Response {
  return badRequest("id: expected the number of a saved view");
}

function wrongAddress(): Response {
  return invalidBody({ address: [`Expected ${VIEW_ADDRESS_EXPECTED}`] }, []);
}
