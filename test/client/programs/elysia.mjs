// An application on Elysia, which is made for Bun.

import { Elysia } from "elysia";
import { configureSDK, serverLogger, simpleLogs } from "./node.mjs";

configureSDK({ flushOnSignal: true });
new Elysia()
  .use(simpleLogs.elysia({ ignore: ["/healthz"] }))
  .get("/healthz", () => "ok")
  .get("/constant", "constant")
  .get("/orders/:id", async ({ params }) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    serverLogger.log("inside");
    return { id: params.id };
  })
  .get("/files/*", () => "file")
  .group("/tenants/:tenant", (group) => group.get("/users/:user", () => "user"))
  .get("/stream", async function* () {
    yield "one";
    await new Promise((resolve) => setTimeout(resolve, 100));
    yield "two";
  })
  .get("/refused", ({ status }) => status(403, "no"))
  .get("/boom", () => {
    throw new Error("broken");
  })
  .listen({ hostname: "127.0.0.1", port: 0 }, ({ port }) => console.log(`listening ${port}`));
