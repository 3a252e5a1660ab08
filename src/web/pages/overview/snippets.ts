// Programs that send a first entry. The server's address is filled in, the key is a placeholder. Each runs as it is
// once the key is inserted, and loads what it needs from this server: the client library as a script, an npm package or
// a Python module.

/** The programs in the order of their tabs. */
export const SNIPPET_IDS = ["browser", "node", "python", "curl"] as const;

export type SnippetId = (typeof SNIPPET_IDS)[number];

/** A program that sends a first entry. */
export interface Snippet {
  readonly id: SnippetId;
  readonly label: string;
  /** How it is run. */
  readonly hint: string;
  /** A command to run once before. */
  readonly setup?: string;
  readonly text: string;
  /** The text that stands for the key. */
  readonly placeholder: string;
}

const SERVER_KEY = "sk_your_server_key";
const CLIENT_KEY = "ck_your_client_key";

/** The id in a text, or the first id. */
export function snippetId(text: string): SnippetId {
  return SNIPPET_IDS.find((id) => id === text) ?? SNIPPET_IDS[0];
}

/** The programs. `origin` is the server's origin in the browser: "http://localhost:7070". */
export function snippetsFor(origin: string): readonly Snippet[] {
  return [
    {
      id: "browser",
      label: "Browser",
      hint: "Put it into a page whose origin is listed for the client key. Uncaught errors are sent automatically.",
      text: browserText(origin),
      placeholder: CLIENT_KEY,
    },
    {
      id: "node",
      label: "Node.js",
      hint: "Save it as first_log.mjs and run: node first_log.mjs (Bun and Deno run it too)",
      setup: `npm install ${origin}/sdk/simplelogs.tgz`,
      text: nodeText(origin),
      placeholder: SERVER_KEY,
    },
    {
      id: "python",
      label: "Python",
      hint: "Save it as first_log.py in the same folder and run: python3 first_log.py",
      setup: `curl --fail --remote-name ${origin}/sdk/simplelogs.py`,
      text: pythonText(origin),
      placeholder: SERVER_KEY,
    },
    {
      id: "curl",
      label: "curl",
      hint: "Paste it into a terminal.",
      text: curlText(`${origin}/api/v1/enqueue`),
      placeholder: SERVER_KEY,
    },
  ];
}

function curlText(address: string): string {
  return `curl -X POST ${address} \\
  -H "Content-Type: application/json" \\
  -d '{
    "key": "${SERVER_KEY}",
    "source": "server",
    "entries": [
      {
        "touchpoint": "api/orders/submit",
        "message": "Order placed",
        "level": "info",
        "timestamp": '"$(date +%s000)"',
        "metadata": { "orderId": "ord_123" }
      }
    ]
  }'`;
}

function nodeText(origin: string): string {
  return `import { configureSDK, flushServer, serverLogger } from "simplelogs";

configureSDK({
  serverKey: process.env.SIMPLELOGS_SERVER_KEY ?? "${SERVER_KEY}",
  apiEndpoint: "${origin}/api/v1",
  onError: ({ message }) => console.error(message),
});

serverLogger.log({
  touchpoint: "api/orders/submit",
  message: "Order placed",
  metadata: { orderId: "ord_123" },
});

if (await flushServer()) console.log("sent");`;
}

function browserText(origin: string): string {
  return `<script src="${origin}/sdk/simplelogs.js"
  data-client-key="${CLIENT_KEY}"></script>
<script>
  SimpleLogs.log({ touchpoint: "page", message: "Page opened" });
</script>`;
}

function pythonText(origin: string): string {
  return `import logging
import simplelogs
handler = simplelogs.SimpleLogsHandler("${SERVER_KEY}", api_endpoint="${origin}/api/v1")
logging.basicConfig(level=logging.INFO)
logging.getLogger().addHandler(handler)
logging.info("Order placed", extra={"touchpoint": "api/orders/submit", "orderId": "ord_123"})
if simplelogs.flush():
    print("sent")`;
}
