// The specification's examples as programs for this server: only the address and the key are changed.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ENQUEUE_PATH } from "./server.ts";

const HOSTED_ADDRESS = "https://simplelogs.io/api/v1/enqueue";
const HOSTED_KEY = "sk_your_server_key";

export type ExampleName = "curl" | "node" | "browser" | "python";

/** The text of an example, with the server's address and, where it names one, its key. */
export function exampleText(name: ExampleName, serverUrl: string, key: string): string {
  const text = readFileSync(join(import.meta.dir, `../fixtures/examples/${name}.txt`), "utf8");
  if (!text.includes(HOSTED_ADDRESS)) throw new Error(`the example ${name} names no address`);
  return text.replaceAll(HOSTED_ADDRESS, `${serverUrl}${ENQUEUE_PATH}`).replaceAll(HOSTED_KEY, key);
}

/** The same without its types, as JavaScript. */
export function exampleScript(name: "node" | "browser", serverUrl: string, key: string): string {
  return withoutTypes(exampleText(name, serverUrl, key));
}

function withoutTypes(text: string): string {
  return new Bun.Transpiler({ loader: "ts", deadCodeElimination: false }).transformSync(text);
}
