import type { Level } from "./types.ts";

/** The level that a name of any logging library stands for. */
export function levelOf(name: unknown): Level {
  const text = String(name).toLowerCase();
  if (/^(err|fatal|crit|alert|emerg|panic)/.test(text)) return "error";
  if (text.startsWith("warn")) return "warn";
  return /^(debug|trace|verbose|silly)/.test(text) ? "debug" : "info";
}
