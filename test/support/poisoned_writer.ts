// The real writer thread, except that certain words in a group's text bring it down, as a fault in ingestion or in the
// store would.

import { existsSync, rmSync, writeFileSync } from "node:fs";
import type { FromWriter, ToWriter } from "../../src/threads/messages.ts";
import "../../src/threads/writer/writer.ts";

interface Scope {
  onmessage: ((event: { data: ToWriter }) => void) | null;
  postMessage(message: FromWriter): void;
}

/** Kills the thread each time while it works on the group. */
const POISON = "poison-always";
/** Kills it once, after the commit and before anyone hears of it. */
const POISON_AFTER_COMMIT = "poison-after-commit";
/** Kills it once, and the next thread never comes back from it. */
const POISON_THEN_HANG = "poison-then-hang";
/** Kills it once, and the next thread cannot open the data file. */
const POISON_REOPEN = "poison-reopen";

const scope = globalThis as unknown as Scope;
const receive = scope.onmessage;
const post = scope.postMessage.bind(globalThis);
let file = "";
let diesAtCommit = false;

/** Whether something is done for the first time on this data file, over all threads. */
function isFirst(what: string): boolean {
  if (existsSync(`${file}.${what}`)) return false;
  writeFileSync(`${file}.${what}`, "");
  return true;
}

function poisoned(message: ToWriter): ToWriter {
  if (message.kind === "start") {
    file = message.settings.file;
    const mark = `${file}.unreadable`;
    if (!existsSync(mark)) return message;
    rmSync(mark);
    return { ...message, settings: { ...message.settings, file: `${file}.no-such-folder/data.db` } };
  }
  if (message.kind !== "group") return message;
  const has = (word: string) => message.bodies.some((body) => typeof body === "string" && body.includes(word));
  // Once the batches are checked, the worker adds it to a number, which throws.
  const deadly = () => ({ ...message, bytes: message.bodies.map(() => 1n as unknown as number) });
  diesAtCommit = has(POISON_AFTER_COMMIT) && isFirst("after-commit");
  if (has(POISON_THEN_HANG)) {
    if (isFirst("hang")) return deadly();
    for (;;);
  }
  if (has(POISON_REOPEN) && isFirst("reopen")) {
    writeFileSync(`${file}.unreadable`, "");
    return deadly();
  }
  return has(POISON) ? deadly() : message;
}

scope.postMessage = (message) => {
  if (message.kind === "committed" && diesAtCommit) throw new Error("died between commit and report");
  post(message);
};
scope.onmessage = ({ data }) => receive?.({ data: poisoned(data) });
