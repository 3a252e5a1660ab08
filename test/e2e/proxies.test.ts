// Several nodes behind nginx and Caddy, with the rules that docs/scaling.md shows: a sender, or a project, always meets
// the same node, and a node that is away moves only those that met it.

import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { withFolder } from "../support/folder.ts";
import { freePort } from "../support/free_port.ts";
import { run } from "../support/run.ts";
import { configText, ENQUEUE_PATH, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const PAGE = readFileSync(join(import.meta.dir, "../../docs/scaling.md"), "utf8");
const NGINX = process.env["SIMPLELOGS_TEST_NGINX"] ?? "/usr/sbin/nginx";
const CADDY = process.env["SIMPLELOGS_TEST_CADDY"] ?? "/usr/bin/caddy";
const SENDERS = Array.from({ length: 40 }, (_, at) => at + 1);

/** What the page shows in a language. */
function shown(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(PAGE)?.[1];
  if (found === undefined) throw new Error(`docs/scaling.md shows nothing in ${language}`);
  return found;
}

function replaced(text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((result, [part, by]) => {
    if (!result.includes(part)) throw new Error(`${JSON.stringify(part)} is not in what the page shows`);
    return result.replace(part, by);
  }, text);
}

interface Proxy {
  readonly commandLine: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

type ProxyIn = (folder: string, port: number, nodes: readonly string[], isByName: boolean) => Proxy;

const nginx: ProxyIn = (folder, port, [one = "", two = "", three = ""], isByName) => {
  const site = replaced(shown("nginx"), {
    "node-1:7070": one,
    "node-2:7070": two,
    "node-3:7070": three,
    "listen 443 ssl": `listen 127.0.0.1:${port}`,
    ...(isByName ? { "hash $remote_addr consistent": "hash $host consistent" } : {}),
  });
  const file = join(folder, "nginx.conf");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const places = paths.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  const http = `http { access_log off; ${places}\n${site}}`;
  writeFileSync(file, `daemon off; pid ${folder}/pid; error_log stderr; events {}\n${http}\n`);
  return { commandLine: [NGINX, "-e", "stderr", "-c", file], environment: {} };
};

const caddy: ProxyIn = (folder, port, [one = "", two = "", three = ""], isByName) => {
  const site = replaced(shown("caddyfile"), {
    "logs.example.com": `http://:${port}`,
    "node-1:7070": one,
    "node-2:7070": two,
    "node-3:7070": three,
    ...(isByName ? { "lb_policy ip_hash": "lb_policy header Host" } : {}),
  });
  const file = join(folder, "Caddyfile");
  writeFileSync(file, `{\n  admin off\n  auto_https off\n  default_bind 127.0.0.1\n}\n${site}`);
  const places = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  return { commandLine: [CADDY, "run", "--config", file, "--adapter", "caddyfile"], environment: places };
};

/** Sends an entry through the proxy, from an address of this machine and to a host's name. Returns the status. */
async function sendOnce(port: number, sender: number, isByName: boolean, message: string): Promise<string> {
  const body = JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message }] });
  const [address, name] = isByName
    ? ["127.0.0.1", `project-${sender}.example.com`]
    : [`127.0.0.${sender}`, "localhost"];
  const options = "--silent --show-error --max-time 30 --write-out".split(" ");
  const request = ["--interface", address, "--header", `Host: ${name}`, "--json", body];
  const url = `http://127.0.0.1:${port}${ENQUEUE_PATH}`;
  const { stdout, stderr } = await run("curl", [...options, " %{http_code}", ...request, url]);
  if (stderr !== "") throw new Error(stderr);
  return stdout.slice(stdout.lastIndexOf(" ") + 1);
}

/** Sends as every client does: again after a 502, by which a proxy says that a node ended during the request. */
async function send(...parts: Parameters<typeof sendOnce>): Promise<void> {
  let status = await sendOnce(...parts);
  for (let tries = 1; tries < 5 && status === "502"; tries++) status = await sendOnce(...parts);
  expect({ parts, status }).toEqual({ parts, status: "202" });
}

async function withProxy(
  proxyIn: ProxyIn,
  nodes: readonly TestServer[],
  isByName: boolean,
  work: (port: number) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const port = await freePort();
    const { commandLine, environment } = proxyIn(
      folder,
      port,
      nodes.map(({ url }) => new URL(url).host),
      isByName,
    );
    const [program = "", ...others] = commandLine;
    const child = spawn(program, others, { env: { PATH: process.env["PATH"], ...environment }, stdio: "pipe" });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (piece: Buffer) => (output += piece.toString()));
    const ended = new Promise((resolve) => child.on("close", resolve));
    try {
      const answers = () =>
        fetch(`http://127.0.0.1:${port}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        );
      await eventually("the proxy answers", async () => child.exitCode !== null || (await answers()));
      if (child.exitCode !== null) throw new Error(`${program} ended:\n${output}`);
      await work(port);
    } finally {
      child.kill("SIGTERM");
      await ended;
    }
  });
}

const HOSTS = SENDERS.map((sender) => `project-${sender}.example.com`);
const config = configText({ settings: `trusted_proxies = ["127.0.0.1"]\nhosts = ${JSON.stringify(HOSTS)}` });

/** Which node has the messages of a round, by sender. */
async function nodesOf(nodes: readonly TestServer[], round: string): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const [node, server] of nodes.entries()) {
    for (const { message = "" } of await server.export()) {
      const [name, sender] = message.split(" ");
      if (name !== round) continue;
      expect(found.get(Number(sender)) ?? node).toBe(node);
      found.set(Number(sender), node);
    }
  }
  return found;
}

describe.each<[string, ProxyIn]>([
  ["nginx", nginx],
  ["Caddy", caddy],
])("behind %s, as the page on scaling shows it", (_, proxyIn) => {
  test.each([
    ["a sender", false],
    ["a project with a name of its own", true],
  ])(
    "%s always meets the same node, and only the senders of a node that is away meet others",
    async (_what, isByName) => {
      await withServer(config, (one) =>
        withServer(config, (two) =>
          withServer(config, async (three) => {
            const nodes = [one, two, three];
            await withProxy(proxyIn, nodes, isByName, async (port) => {
              for (const round of ["first", "second"]) {
                for (const sender of SENDERS) await send(port, sender, isByName, `${round} ${sender}`);
              }
              const before = await nodesOf(nodes, "first");
              expect(before.size).toBe(SENDERS.length);
              expect(new Set(before.values()).size).toBe(3);
              expect(await nodesOf(nodes, "second")).toEqual(before);
              await two.stop();
              for (const sender of SENDERS) await send(port, sender, isByName, `away ${sender}`);
              const away = await nodesOf(nodes, "away");
              expect(away.size).toBe(SENDERS.length);
              expect([...away.values()]).not.toContain(1);
              for (const [sender, node] of before) if (node !== 1) expect(away.get(sender)).toBe(node);
            });
          }),
        ),
      );
    },
    120_000,
  );
});
