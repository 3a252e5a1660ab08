// The first run: a configuration with keys of its own, and the text that shows these once.

import { OperatingError } from "../core/errors.ts";
import { generateAdminToken, generateKey } from "./keys.ts";
import { type InitialKeys, initialConfigText } from "./template.ts";
import { createConfigFile, writeConfigFile } from "./write.ts";

export type { InitialKeys } from "./template.ts";

/**
 * Makes a configuration file with new random keys, mode 0600; with `force` it replaces one that is there.
 * Errors: usage when the file is there and `force` is not given, io.
 */
export async function createInitialConfig(
  file: string,
  options: { readonly force?: boolean } = {},
): Promise<InitialKeys> {
  const keys = {
    serverKey: generateKey("server"),
    clientKey: generateKey("client"),
    adminToken: generateAdminToken(),
  };
  const text = initialConfigText(keys);
  try {
    await createConfigFile(file, text);
  } catch (error) {
    const isThere = error instanceof OperatingError && error.code === "usage";
    if (options.force !== true || !isThere) throw error;
    await writeConfigFile(file, text, { mode: 0o600 });
  }
  return keys;
}

/** An address that a client on this machine can use, where the server listens on all of them. */
function reachableUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.hostname === "0.0.0.0") parsed.hostname = "127.0.0.1";
  if (parsed.hostname === "[::]") parsed.hostname = "[::1]";
  return parsed.origin;
}

/** The keys, and a curl command that stores a first entry as it stands; `url` is what the server listens on. */
export function firstRunText(keys: InitialKeys, url: string): string {
  const body =
    `{"key":"${keys.serverKey}","source":"server","entries":[{"touchpoint":"api/orders/submit",` +
    `"message":"Order placed","level":"info","timestamp":'"$(date +%s000)"',"metadata":{"orderId":"ord_123"}}]}`;
  return [
    "These are shown once; they stand in the configuration file.",
    `  server key   ${keys.serverKey}   (code that you run)`,
    `  client key   ${keys.clientKey}   (browsers, from the origins in the file)`,
    `  admin token  ${keys.adminToken}   (reading)`,
    "",
    "Send a first entry:",
    "",
    `curl -X POST ${reachableUrl(url)}/api/v1/enqueue -H "Content-Type: application/json" -d '${body}'`,
    "",
    `Then open ${reachableUrl(url)} in a browser, and sign in with the admin token.`,
    "",
  ].join("\n");
}
