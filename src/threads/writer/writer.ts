// Entry point of the writer thread. A start that fails is reported; any other exception closes the data file and ends
// the thread.

import { OperatingError } from "../../core/errors.ts";
import { listen, reply } from "../../runtime/thread.ts";
import type { FromWriter, ToWriter } from "../messages.ts";
import { WriterThread } from "./writer_thread.ts";

let thread: WriterThread | undefined;

listen<ToWriter>((message) => {
  try {
    if (message.kind === "start") thread = new WriterThread(message, (answer) => reply<FromWriter>(answer));
    else thread?.receive(message);
  } catch (error) {
    if (error instanceof OperatingError && message.kind === "start") {
      reply<FromWriter>({ kind: "refused", code: error.code, message: error.message });
      return;
    }
    thread?.close();
    throw error;
  }
});
