// Runs on Deno: a listener with a small application, for raw connections. Prints its port; ends on SIGTERM.

import { listen } from "#runtime/listen.ts";
import { Connections } from "../../src/runtime/contract/connections.ts";

const connections = new Connections();
let aborted = 0;

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/peer") return new Response(connections.addressOf(request));
  if (pathname === "/unread") return Response.json({ message: "Payload too large" }, { status: 413 });
  if (pathname === "/body") return Response.json({ length: (await request.text()).length });
  if (pathname === "/first") {
    for await (const piece of request.body ?? []) return Response.json({ first: piece.byteLength > 0 });
  }
  if (pathname === "/throws") throw new Error("secret");
  if (pathname === "/aborted") return Response.json({ aborted });
  if (pathname === "/endless") {
    request.signal.addEventListener("abort", () => aborted++);
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) }));
  }
  if (pathname === "/exempt") connections.exemptFromIdleTimeout(request);
  if (pathname === "/exempt" || pathname === "/late") await new Promise((wake) => setTimeout(wake, 5_000));
  return new Response("done");
}

const listener = await listen({
  host: "127.0.0.1",
  port: 0,
  connections,
  idleSeconds: 2,
  fetch: answer,
  posts: { "/posted": () => Promise.resolve(new Response("by its path")) },
  onError: (error) => console.error(`onError: ${error.message}`),
});
process.on("SIGTERM", () => void listener.stop(500).then(() => process.exit(0)));
console.log(listener.port);
