// The gallery of components, bundled as the app is and served under the app's own policy, on a free port of the
// loopback.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { webRoutes } from "../../src/http/web.ts";

const ROOT = join(import.meta.dir, "..", "..");
const PAGE = `<!doctype html><html lang="en"><head><title>Gallery</title><link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/gallery.css"><script type="module" src="/gallery.js"></script></head>
<body><div id="app"></div></body></html>`;

export interface GallerySite {
  readonly url: string;
  close(): Promise<void>;
}

async function bundle(entry: string): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(ROOT, entry)],
    target: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const [output] = outputs;
  if (output === undefined) throw new Error(`${entry} gave no bundle`);
  return output.text();
}

export async function startGallery(): Promise<GallerySite> {
  const [script, style] = await Promise.all([
    bundle("test/browser/gallery/main.tsx"),
    bundle("src/web/styles/app.css"),
  ]);
  const file = (path: string, type: string, text: string) => {
    return { path, type, isImmutable: false, bodies: { identity: new TextEncoder().encode(text) } };
  };
  const files = [
    // Not as index.html: that one depends on who may read.
    file("/", "text/html; charset=utf-8", PAGE),
    file("/gallery.js", "text/javascript", script),
    file("/gallery.css", "text/css", style),
    file("/icon.svg", "image/svg+xml", readFileSync(join(ROOT, "src/web/icon.svg"), "utf8")),
  ];
  const routes = webRoutes(files, () => {
    throw new Error("nothing of the gallery depends on who may read");
  });
  const handlers = new Map(routes.map(({ path, operations }) => [path, operations.GET?.handle]));
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const answer = await handlers.get(url.pathname)?.(new Request(url.href));
      response.writeHead(answer?.status ?? 404, Object.fromEntries(answer?.headers ?? []));
      response.end(answer === undefined ? "" : await answer.bytes());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
