// GET /api/v1/keys: what the configuration says of each pair, joined with what the data says of its use. No key and no hash.

import type { KeysResponse, KeyUse } from "../../core/responses.ts";
import type { ShownPair } from "../access.ts";
import { jsonResponse } from "../answers.ts";
import type { Route } from "../routes.ts";
import { KeysSchema } from "./account_answers.ts";
import { defineOperation, NO_PARAMETERS, type ReadDependencies, UNAVAILABLE } from "./operation.ts";
import { refuse } from "./refusals.ts";

interface ShownKey {
  readonly masked: string;
  readonly created: number | null;
  readonly lastUsed: number | null;
}

export function keysRoute(dependencies: ReadDependencies): Route {
  const list = defineOperation(dependencies, {
    id: "listKeys",
    summary: "Key pairs, masked, with origins, when they were made and last used",
    query: NO_PARAMETERS,
    answers: { 200: { description: "The answer", schema: KeysSchema }, ...UNAVAILABLE },
    async handle({ request }) {
      const outcome = await dependencies.reading.query({ kind: "keys" }, request.signal);
      if (!outcome.ok) return refuse(outcome.refusal);
      const { keys } = JSON.parse(outcome.answer) as KeysResponse;
      const uses = new Map(keys.map((use) => [`${use.type} ${use.name}`, use]));
      return jsonResponse(200, { keys: dependencies.access().pairs.map((pair) => showPair(pair, uses)) });
    },
  });
  return { path: "/api/v1/keys", operations: { GET: list } };
}

function showPair(pair: ShownPair, uses: ReadonlyMap<string, KeyUse>) {
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
