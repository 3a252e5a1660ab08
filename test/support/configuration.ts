// Configurations for tests: keys that pass, and results as short lines to compare.

import { type LoadResult, parseSettings } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/settings.ts";

export const SERVER_KEY = "sk_0123456789abcdef";
export const CLIENT_KEY = "ck_0123456789abcdef";
export const CONFIG_FILE = "/etc/simplelogs/simplelogs.toml";

/** "line: message" of each problem, or of each warning. */
export function problemLines(result: LoadResult): string[] {
  const found = result.ok ? result.warnings : result.problems;
  return found.map(({ line, message }) => `${line}: ${message}`);
}

/** The settings of a text that must load. */
export function settingsOf(text: string, environment: Record<string, string> = {}): Settings {
  const result = parseSettings(text, CONFIG_FILE, environment);
  if (!result.ok) throw new Error(problemLines(result).join("\n"));
  return result.settings;
}

/** The problems of a text; none where it loads. */
export function problemsOf(text: string, environment: Record<string, string> = {}): string[] {
  const result = parseSettings(text, CONFIG_FILE, environment);
  return result.ok ? [] : problemLines(result);
}
