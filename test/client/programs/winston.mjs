// winston with every level, formats, and a transport of its own level beside.

import winston from "winston";
import { winstonTransport } from "./node.mjs";

const { combine, timestamp, errors, splat, json, colorize } = winston.format;
const logger = winston.createLogger({
  level: "silly",
  defaultMeta: { service: "shop" },
  format: combine(errors({ stack: true, cause: true }), splat(), timestamp(), colorize(), json()),
  transports: [winstonTransport({ environment: "test" })],
});
logger.info("hello");
logger.warn("low: %s", "bolts", { touchpoint: "shop/stock", key: "k1", article: { id: 17 } });
logger.error(new Error("broken", { cause: new TypeError("why") }));
for (const level of ["http", "verbose", "debug", "silly"]) logger.log(level, `at ${level}`);

const strict = winston.createLogger({
  levels: winston.config.syslog.levels,
  level: "debug",
  transports: [winstonTransport({ level: "warning" }), winstonTransport({ silent: true })],
});
strict.info("not sent");
strict.warning("a warning");
strict.crit("a crisis");
strict.end();
await new Promise((resolve) => strict.once("finish", resolve));
logger.end();
