// The reader thread's entry: messages in, answers out. It writes nothing, so it can be ended at any moment without harm.

import { stepBack } from "../../runtime/priority.ts";
import { listen, reply } from "../../runtime/thread.ts";
import type { FromReader, ToReader } from "../messages.ts";
import { ReaderThread } from "./reader_thread.ts";

let thread: ReaderThread | undefined;

listen<ToReader>((message) => {
  if (message.kind === "start") {
    // Whoever sends entries goes first.
    stepBack();
    thread = new ReaderThread(message.file, message.rules, (answer) => reply<FromReader>(answer));
  } else thread?.receive(message);
});
