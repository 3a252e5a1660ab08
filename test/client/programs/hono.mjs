// An application on Hono, served as each runtime does it.

import { Hono } from "hono";
import { stream, streamSSE } from "hono/streaming";
import { configureSDK, serverLogger, simpleLogs } from "./node.mjs";

configureSDK({ flushOnSignal: true });
const app = new Hono();
app.use(simpleLogs({ ignore: ["/healthz"] }));
app.use("/private/*", async (context, next) => (context.req.header("x-pass") ? next() : context.text("no", 401)));

app.get("/healthz", (context) => context.text("ok"));
app.get("/orders/:id", async (context) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  serverLogger.log("inside");
  return context.json({ id: context.req.param("id") });
});
app.get("/posts/:slug{[a-z0-9-]+}/:page{[0-9]{1,3}}?", (context) => context.text("post"));
app.get("/files/*", (context) => context.text("file"));
app.get("/private/:id", (context) => context.text("in"));
app.get("/events", (context) =>
  streamSSE(context, async (events) => {
    await events.writeSSE({ data: "one" });
    await events.sleep(100);
    await events.writeSSE({ data: "two" });
  }),
);
app.get("/endless/:id", (context) =>
  stream(context, async (body) => {
    for (let n = 0; !body.aborted && n < 1000; n++) {
      await body.write("more ");
      await body.sleep(10);
    }
  }),
);
app.get("/boom", () => {
  throw new Error("broken");
});
const sub = new Hono();
sub.get("/users/:user", (context) => context.text("user"));
app.route("/tenants/:tenant", sub);
app.onError((_, context) => context.json({ message: "sorry" }, 500));

const listening = (port) => console.log(`listening ${port}`);
if (globalThis.Bun) {
  listening(Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch }).port);
} else if (globalThis.Deno) {
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => listening(port) }, app.fetch);
} else {
  const { serve } = await import("@hono/node-server");
  serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => listening(port));
}
