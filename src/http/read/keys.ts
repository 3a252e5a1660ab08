// GET /api/v1/keys: the configuration's key pairs, joined with their use from the data file. No key and no hash leaves.

import {
  type KeyPair,
  KeysSchema,
  type KeyUse,
  type KeyUseResponse,
  type ShownKey,
} from "../../core/account_responses.ts";
import type { ShownPair } from "../access.ts";
import { jsonResponse } from "../answers.ts";
import type { Route } from "../routes.ts";
import { defineOperation, NO_PARAMETERS, type ReadDependencies, UNAVAILABLE } from "./operation.ts";
import { refuse } from "./refusals.ts";

export function keysRoute(dependencies: ReadDependencies): Route {
  const list = defineOperation(dependencies, {
    id: "listKeys",
    summary: "Key pairs, masked, with origins, when they were made and last used",
    query: NO_PARAMETERS,
    answers: { 200: { description: "The answer", schema: KeysSchema }, ...UNAVAILABLE },
    async handle({ request }) {
      const outcome = await dependencies.reading.query({ kind: "keys" }, request.signal);
      if (!outcome.ok) return refuse(outcome.refusal);
      const { keys } = JSON.parse(outcome.answer) as KeyUseResponse;
      const uses = new Map(keys.map((use) => [`${use.type} ${use.name}`, use]));
      return jsonResponse(200, { keys: dependencies.access().pairs.map((pair) => showPair(pair, uses)) });
    },
  });
  return { path: "/api/v1/keys", operations: { GET: list } };
}

function showPair(pair: ShownPair, uses: ReadonlyMap<string, KeyUse>): KeyPair {
  const { name, project, origins, rate, revoked } = pair;
  return {
    name,
    project,
    server: showKey(pair.serverMasked, uses.get(`server ${name}`)),
    client: showKey(pair.clientMasked, uses.get(`client ${name}`)),
    origins,
    rate: rate ?? null,
    revoked,
  };
}

function showKey(masked: string | undefined, use: KeyUse | undefined): ShownKey | null {
  if (masked === undefined) return null;
  return { masked, created: use?.created ?? null, lastUsed: use?.lastUsed ?? null };
}
