// pino with its transport in a worker thread, or as a stream of this thread, by MODE.

import { fileURLToPath } from "node:url";
import pino from "pino";
import { pinoTransport } from "./node.mjs";

const target = fileURLToPath(new URL("node.mjs", import.meta.url));
const options = { environment: "test" };
const destination = process.env.MODE === "worker" ? pino.transport({ target, options }) : pinoTransport(options);
const logger = pino({ level: "trace", base: { host: "h1" } }, destination);

logger.info("hello");
logger.child({ touchpoint: "shop/stock", key: "k1", article: { id: 17 } }).warn({ count: 3 }, "low: %s", "bolts ✓");
logger.error(new Error("broken", { cause: new TypeError("why") }), "cannot pay");
for (const level of ["trace", "debug", "fatal"]) logger[level](`at ${level}`);
logger.info({ msg: undefined, level: "odd", time: process.env.TIME }, "odd");
for (let n = 0; n < 500; n++) logger.info({ n }, "many");
