// Values written as TOML.

/** A pair as it is written into the file; exactly one form of each half, or none. */
export interface NewKeyPair {
  readonly name: string;
  readonly project: string | undefined;
  readonly server: string | undefined;
  readonly serverSha256: string | undefined;
  readonly client: string | undefined;
  readonly clientSha256: string | undefined;
  readonly origins: readonly string[];
  readonly rate: number | undefined;
}

/** A basic string that reads back as the text: quotes and controls escaped, and "${" kept from the environment. */
export function tomlString(text: string): string {
  // JSON's escapes are all TOML's too; only DEL must be escaped in TOML and not in JSON.
  return JSON.stringify(text)
    .replaceAll("\x7f", "\\u007f")
    .replaceAll("${", () => "$${");
}

/** "name = value" for each setting that the pair has. */
export function pairAssignments(pair: NewKeyPair): string[] {
  const assignments = [`name = ${tomlString(pair.name)}`];
  if (pair.project !== undefined) assignments.push(`project = ${tomlString(pair.project)}`);
  if (pair.server !== undefined) assignments.push(`server = ${tomlString(pair.server)}`);
  if (pair.serverSha256 !== undefined) assignments.push(`server_sha256 = ${tomlString(pair.serverSha256)}`);
  if (pair.client !== undefined) assignments.push(`client = ${tomlString(pair.client)}`);
  if (pair.clientSha256 !== undefined) assignments.push(`client_sha256 = ${tomlString(pair.clientSha256)}`);
  if (pair.client !== undefined || pair.clientSha256 !== undefined || pair.origins.length > 0) {
    assignments.push(`origins = [${pair.origins.map(tomlString).join(", ")}]`);
  }
  if (pair.rate !== undefined) assignments.push(`rate = ${pair.rate}`);
  return assignments;
}
