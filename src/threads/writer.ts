// Entry point of the writer thread.

import { OperatingError } from "../core/errors.ts";
import { listen, reply } from "../runtime/thread.ts";
import type { FromWriter, ToWriter } from "./messages.ts";
import { refusalOf, WriterThread } from "./writer_thread.ts";

let thread: WriterThread | undefined;

listen<ToWriter>((message) => {
  try {
    if (message.kind === "start") thread = new WriterThread(message, (answer) => reply<FromWriter>(answer));
    else thread?.receive(message);
  } catch (error) {
    if (error instanceof OperatingError && message.kind === "start") {
      reply<FromWriter>(refusalOf(error));
      return;
    }
    thread?.close();
    throw error;
  }
});
