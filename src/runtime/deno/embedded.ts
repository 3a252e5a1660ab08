// Files that a build put into an executable: Deno runs the source alone.

/** The text of an embedded file: always undefined, there is none. */
export function embeddedText(_name: string): Promise<string | undefined> {
  return Promise.resolve(undefined);
}
