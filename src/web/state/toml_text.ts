// Text for the configuration file.

/** A TOML basic string. "${" is escaped, so the configuration does not take it for an environment variable. */
export function tomlString(text: string): string {
  const escaped = JSON.stringify(text.toWellFormed()).replaceAll("\u007f", "\\u007f");
  return escaped.replaceAll("${", () => "$${");
}
