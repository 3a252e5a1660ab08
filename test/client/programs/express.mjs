// An application on Express, 5 or 4 by EXPRESS, with everything that a request can do to a route.

import { configureSDK, serverLogger, simpleLogs, simpleLogsErrorHandler } from "./node.mjs";

const { default: express } = await import(process.env.EXPRESS);
configureSDK({ flushOnSignal: true });
const app = express();
app.use(simpleLogs({ environment: "test", ignore: ["/healthz", /^\/static\//] }));
app.use("/orders", simpleLogs());
app.use(express.json());

app.get("/healthz", (_, response) => response.send("ok"));
app.get("/static/:file", (_, response) => response.send("file"));
app.get("/orders/:id", (request, response) => response.json({ id: request.params.id }));
app.post("/orders/:id/lines/:line", (request, response) => {
  setTimeout(() => {
    serverLogger.log({ message: "inside", metadata: { body: request.body } });
    response.status(201).json({});
  }, 20);
});
const tenants = express.Router();
tenants.get("/users/:user", (_, response) => response.json({}));
tenants.get("/", (_, response) => response.json({}));
tenants.get("/users/:user/boom", () => {
  throw new Error("deep");
});
tenants.get("/users/:user/skip", (_request, _response, next) => next());
tenants.get("/users/:user/late", (_request, response, next) => {
  response.write("begun");
  setTimeout(() => next(new Error("late")), 10);
});
app.use("/tenants/:tenant", tenants);
app.get(/^\/pattern\/.*$/, (_, response) => response.send("by a pattern"));
app.get(["/either/:one", "/or/:two"], (_, response) => response.send("list"));
app.get("/flights/:from-:to", (_, response) => response.send("flight"));
app.use("/blocked", (_, response) => response.status(403).send("no"));
app.get("/stream", (_, response) => {
  response.write("begun");
  setTimeout(() => response.end("ended"), 100);
});
app.get("/never/:id", (_, response) => response.write("begun"));
app.get("/silent/:id", () => {});
app.get("/boom/:id", () => {
  throw new Error("broken", { cause: new TypeError("why") });
});
app.get("/later", async (_request, _response, next) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  next(Object.assign(new Error("teapot"), { status: 418 }));
});
app.get("/text", (_request, _response, next) => next("just text"));

app.use(simpleLogsErrorHandler());
app.use((error, _request, response, _next) => {
  // As Express's own handler, which prints it as well.
  if (response.headersSent) response.socket.destroy();
  else response.status(error.status ?? 500).json({ message: "sorry" });
});

const server = app.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
