import type { Level } from "./types.ts";

/** The level that a name of any logging library stands for: "WARNING", "fatal", "trace". */
export function levelOf(name: string): Level {
  if (/^(e|fa|cr|al|pa)/i.test(name)) return "error";
  if (/^wa/i.test(name)) return "warn";
  return /^(deb|tr|ve|si)/i.test(name) ? "debug" : "info";
}
