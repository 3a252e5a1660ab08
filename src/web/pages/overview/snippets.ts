// The programs that send a first entry: this server's address is filled in, the key is a placeholder. Each runs as it stands once the
// key is put in, with nothing to install.

export const SNIPPET_IDS = ["curl", "node", "browser", "python"] as const;

export type SnippetId = (typeof SNIPPET_IDS)[number];

export interface Snippet {
  readonly id: SnippetId;
  readonly label: string;
  /** How it is run. */
  readonly hint: string;
  readonly text: string;
  /** Stands in `text` where the key belongs. */
  readonly placeholder: string;
}

const SERVER_KEY = "sk_your_server_key";
const CLIENT_KEY = "ck_your_client_key";
const PATH = "/api/v1/enqueue";

/** The id that a text names, else the first. */
export function snippetId(text: string): SnippetId {
  return SNIPPET_IDS.find((id) => id === text) ?? "curl";
}

/** `origin`: of the server, as the browser reached it: "http://localhost:7070". */
export function snippetsFor(origin: string): readonly Snippet[] {
  const address = `${origin}${PATH}`;
  return [
    { id: "curl", label: "curl", hint: "Paste it into a terminal.", text: curlText(address), placeholder: SERVER_KEY },
    {
      id: "node",
      label: "Node.js",
      hint: "Save it as first_log.mjs and run: node first_log.mjs",
      text: nodeText(address),
      placeholder: SERVER_KEY,
    },
    {
      id: "browser",
      label: "Browser",
      hint: "Put it into a page whose origin is listed with the client key, or paste it into that page's console.",
      text: browserText(address),
      placeholder: CLIENT_KEY,
    },
    {
      id: "python",
      label: "Python",
      hint: "Save it as first_log.py and run: python3 first_log.py",
      text: pythonText(address),
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

function nodeText(address: string): string {
  return `const key = process.env.SIMPLELOGS_SERVER_KEY ?? "${SERVER_KEY}";

async function sendLog(message, touchpoint) {
  const answer = await fetch("${address}", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      key,
      source: "server",
      entries: [{ touchpoint, message, level: "info", timestamp: Date.now() }],
    }),
  });
  console.log(answer.status, await answer.text());
}

await sendLog("Order placed", "api/orders/submit");`;
}

function browserText(address: string): string {
  return `function sendClientLog(message) {
  const payload = JSON.stringify({
    key: "${CLIENT_KEY}",
    source: "client",
    entries: [{ message, level: "info", timestamp: Date.now() }],
  });
  // sendBeacon survives that the page is left.
  if (navigator.sendBeacon) {
    navigator.sendBeacon("${address}", payload);
  } else {
    fetch("${address}", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: payload,
      keepalive: true,
    });
  }
}

sendClientLog("Page opened");`;
}

function pythonText(address: string): string {
  return `import json
import time
import urllib.request

def send_log(message, touchpoint, level="info"):
    body = json.dumps({
        "key": "${SERVER_KEY}",
        "source": "server",
        "entries": [{
            "touchpoint": touchpoint,
            "message": message,
            "level": level,
            "timestamp": int(time.time() * 1000),
        }],
    })
    request = urllib.request.Request(
        "${address}",
        data=body.encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        print(answer.status, answer.read().decode())

send_log("Order placed", "api/orders/submit")`;
}
