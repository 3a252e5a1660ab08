// The changelog's section of a version, which becomes its release notes.

/** The text below the heading of `version`, without it; "" where there is no such heading, or nothing below it. */
export function changelogSection(changelog: string, version: string): string {
  const sections = changelog.split(/^(?=## )/m);
  // "## [0.2.0] - 2026-11-30" or "## 0.2.0".
  const isOfVersion = (section: string) => /^## \[?([^\]\s]+)/.exec(section)?.[1] === version;
  const [, ...lines] = sections.find(isOfVersion)?.split("\n") ?? [];
  return lines.join("\n").trim();
}
