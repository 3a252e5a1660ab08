// Settings from environment variables. They win over what the program sets, so that whoever runs it can change it.

import type { Options } from "../core/types.ts";

/** Of which settings there are variables: `sendTimeout` is SIMPLELOGS_SEND_TIMEOUT. */
const NAMES =
  "serverKey clientKey apiEndpoint batchInterval maxBatchSize sendTimeout serverless fireAndForget debug standaloneStarts";
const TEXTS = /Key|Endpoint/;
const NUMBERS = /Interval|Size|Timeout/;

/** Set where a process may be frozen as soon as it has answered. */
const SERVERLESS_NAMES = "AWS_LAMBDA_FUNCTION_NAME VERCEL K_SERVICE";

/**
 * The settings that the environment names; a number that is none counts as absent, a switch that is not "true" or "1"
 * as off.
 */
export function environmentOptions(): Options {
  const found: Record<string, unknown> = {};
  for (const name of NAMES.split(" ")) {
    const text = variable(`SIMPLELOGS_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`);
    if (!text) continue;
    if (TEXTS.test(name)) found[name] = text;
    else if (!NUMBERS.test(name)) found[name] = /^(true|1)$/i.test(text);
    else if (+text >= 0) found[name] = +text;
  }
  return found;
}

export function isServerlessPlatform(): boolean {
  return SERVERLESS_NAMES.split(" ").some(variable);
}

/** While Next builds an application it runs route handlers whose answers are always the same. */
export function isBuilding(): boolean {
  return variable("NEXT_PHASE") === "phase-production-build";
}

function variable(name: string): string | undefined {
  try {
    return process.env[name]?.trim();
  } catch {
    // Deno without the permission to read it.
    return undefined;
  }
}
