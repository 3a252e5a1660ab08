// A shipper thread that asks for one state to be written, and dies once it is: the next one begins from there.

import { listen, reply } from "../../src/runtime/thread.ts";
import type { FromShipper, ToShipper } from "../../src/threads/messages.ts";

listen<ToShipper>((message) => {
  if (message.kind === "start") {
    const { state } = message;
    reply<FromShipper>({ kind: "log", level: "info", message: `from ${state.shippedBelow}` });
    reply<FromShipper>({ kind: "save", number: 1, state: { ...state, shippedBelow: state.shippedBelow + 10 } });
  }
  if (message.kind === "saved") {
    reply<FromShipper>({ kind: "log", level: "info", message: message.isSaved ? "saved" : "not saved" });
    throw new Error("a death that was ordered");
  }
});
