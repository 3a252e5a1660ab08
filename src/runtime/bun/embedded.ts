// Files that the build put into the executable.

/** The text of the file of this base name; undefined where it is not embedded, as when the server runs from source. */
export async function embeddedText(name: string): Promise<string | undefined> {
  return Bun.embeddedFiles.find((file) => "name" in file && file.name === name)?.text();
}
