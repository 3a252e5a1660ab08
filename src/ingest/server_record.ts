// Records of the server's own, which no key sent: the history of alerts.

import { type AlertRecord, SERVER_PROJECT } from "../core/alerts.ts";
import type { NewRecord } from "./entries/normalise.ts";

/** The log that tells of a change of an alert. @param receivedAt Unix ms */
export function serverRecord(record: AlertRecord, receivedAt: number): NewRecord {
  const { time, level, touchpoint, key, message, metadata } = record;
  return {
    kind: "log",
    time,
    receivedAt,
    source: "server",
    keyType: "server",
    apiKey: SERVER_PROJECT,
    touchpoint,
    key,
    level,
    message,
    startTime: undefined,
    endTime: undefined,
    duration: undefined,
    metadata,
  };
}
