// `simplelogs sdk`: shows or writes the client library in this executable: each file's address on a server, and the
// line that loads it.

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatCount } from "../core/format.ts";
import {
  type ClientLibrary,
  integrityOf,
  type LibraryFile,
  libraryPath,
  loadedBytesOf,
  NPM_PACKAGE_FILE,
  npmPackageFile,
} from "../runtime/client_library.ts";
import {
  addConfigOption,
  type CliContext,
  configFileOf,
  displayPath,
  givenConfig,
  requireReadingSettings,
} from "./context.ts";
import { addNotes } from "./help.ts";
import { configuredUrl, serverUrl, URL_VARIABLE } from "./options.ts";
import { jsonLine } from "./output.ts";

interface SdkOptions {
  readonly url?: string;
  readonly out?: string;
  readonly pack?: boolean;
  readonly json?: boolean;
}

/** A file of the library, as the command shows it. */
interface ShownFile {
  readonly name: string;
  readonly url: string;
  /** The address without a version: the server's current one. */
  readonly plainUrl: string;
  readonly bytes: number;
  /** Bytes in the smallest coding. */
  readonly loadedBytes: number;
  readonly integrity: string;
  /** The line that loads it; absent if another file loads it. */
  readonly use?: string;
}

/** A file that was written. */
interface WrittenFile {
  readonly file: string;
  readonly bytes: number;
}

/** Files that the script loads when it needs them, by their hash. A policy must allow the same hashes. */
const LOADED_BY_SCRIPT = ["deferred.js", "vitals.js"];
const SCRIPT_FILE = "simplelogs.js";

/** The address of `serve` without a configuration. */
const DEFAULT_URL = "http://127.0.0.1:7070";

const NOTES = `
Put the script tag into the page. If the page has a Content-Security-Policy, it must allow the server in script-src and connect-src. The
integrity is that of one version: after an upgrade of the server use the new tag, or leave out version and integrity.

Examples:
  simplelogs sdk --url https://logs.example.com
  simplelogs sdk --out public/sdk
  simplelogs sdk --pack && npm install ./simplelogs-*.tgz
`;

/** Adds the command to the program; `load` gives the library, or undefined where none was built. */
export function registerSdk(
  program: Command,
  context: CliContext,
  load: () => Promise<ClientLibrary | undefined>,
): void {
  const command = addConfigOption(program.command("sdk"))
    .summary("show or write the client library")
    .description(
      "Shows the files of the client library: each file's address on the server, its size, its integrity (SRI), and the line that " +
        "loads it in a page or a program. The server's address is that of the configuration, if there is one.",
    )
    .option("--url <url>", `the server's address, as browsers reach it (or ${URL_VARIABLE} in the environment)`)
    .option("--out <folder>", "write the files into this folder")
    .option("--pack", "write the npm package, into the folder of --out or the current one")
    .option("--json", "print one JSON object");
  addNotes(command, NOTES, context).action(async (options: SdkOptions) => {
    const library = await load();
    if (library === undefined) {
      throw new OperatingError("io", "there is no client library: it was not built; scripts/build makes it");
    }
    if (options.out !== undefined || options.pack === true) {
      const written = await write(library, options, context);
      context.stdout.write(
        options.json === true
          ? jsonLine({ version: library.version, written }, context)
          : writtenText(written, context),
      );
      return;
    }
    const url = await addressOf(command, options, context);
    const files = library.files.map((file) => shownFile(file, library.version, url));
    const policy = policyOf(library, url);
    context.stdout.write(
      options.json === true
        ? jsonLine({ version: library.version, url, files, policy }, context)
        : libraryText(library.version, files, policy),
    );
  });
}

/** The server's address: given, configured, or the default. Throws OperatingError. */
async function addressOf(command: Command, options: SdkOptions, context: CliContext): Promise<string> {
  if (options.url !== undefined) return serverUrl(options.url, "--url");
  const isConfigured = givenConfig(command) !== undefined;
  const fromEnvironment = isConfigured ? "" : (context.env[URL_VARIABLE] ?? "");
  if (fromEnvironment !== "") return serverUrl(fromEnvironment, URL_VARIABLE);
  const file = configFileOf(command, context);
  if (!isConfigured && !existsSync(file)) return DEFAULT_URL;
  const configured = configuredUrl(await requireReadingSettings(file, context));
  if (configured === undefined) {
    throw new OperatingError(
      "usage",
      "the configuration has port = 0, any free port: give the server's address with --url",
    );
  }
  return configured;
}

function shownFile(file: LibraryFile, version: string, server: string): ShownFile {
  const url = `${server}${libraryPath(file.name, version)}`;
  const shown = {
    name: file.name,
    url,
    plainUrl: `${server}${libraryPath(file.name)}`,
    bytes: file.bodies.identity.byteLength,
    loadedBytes: loadedBytesOf(file),
    integrity: integrityOf(file),
  };
  const use = useOf(shown);
  return use === undefined ? shown : { ...shown, use };
}

function useOf({ name, url, integrity }: ShownFile): string | undefined {
  if (name === SCRIPT_FILE) {
    return `<script src="${url}" integrity="${integrity}" crossorigin="anonymous" data-client-key="ck_your_client_key"></script>`;
  }
  if (name === "simplelogs.mjs") return `import { SimpleLogs } from "${url}";`;
  if (name === NPM_PACKAGE_FILE) return `npm install ${url}`;
  return name.endsWith(".py") ? `curl --fail --remote-name ${url}` : undefined;
}

/**
 * A policy that lets a page run these scripts and no other, and send. Source: https://www.w3.org/TR/CSP3/#external-hash
 */
function policyOf({ files }: ClientLibrary, url: string): string {
  const hashes = files.flatMap((file) => {
    if (file.name === SCRIPT_FILE) return [integrityOf(file)];
    return LOADED_BY_SCRIPT.includes(file.name) ? [integrityOf(file, "sha256")] : [];
  });
  return `script-src ${hashes.map((hash) => `'${hash}'`).join(" ")}; connect-src ${new URL(url).origin}`;
}

function libraryText(version: string, files: readonly ShownFile[], policy: string): string {
  const parts = files.map(({ name, url, bytes, loadedBytes, integrity, use }) => {
    const size = `${formatCount(bytes)} bytes${loadedBytes < bytes ? `, ${formatCount(loadedBytes)} compressed` : ""}`;
    const lines = [`${name}  ${size}`, url, integrity, ...(use === undefined ? [] : [use])];
    return `${lines.join("\n  ")}\n`;
  });
  return `The client library ${version}\n\n${parts.join("\n")}\nA policy that lets a page run these scripts and no other:\n  Content-Security-Policy: ${policy}\n`;
}

/** Throws OperatingError("io"). */
async function write(
  library: ClientLibrary,
  options: SdkOptions,
  { cwd }: CliContext,
): Promise<readonly WrittenFile[]> {
  if (options.out === "") throw new OperatingError("usage", "--out: expected the path of a folder");
  const folder = resolve(cwd, options.out ?? ".");
  const isPackage = ({ name }: LibraryFile) => name === NPM_PACKAGE_FILE;
  const chosen = library.files.filter((file) => (isPackage(file) ? options.pack === true : options.out !== undefined));
  const written: WrittenFile[] = [];
  try {
    await mkdir(folder, { recursive: true });
    for (const file of chosen) {
      const path = join(folder, isPackage(file) ? npmPackageFile(library.version) : file.name);
      await writeFile(path, file.bodies.identity);
      written.push({ file: path, bytes: file.bodies.identity.byteLength });
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatingError("io", `cannot write the client library to ${folder}: ${reason}`, { cause: error });
  }
  return written;
}

function writtenText(written: readonly WrittenFile[], context: CliContext): string {
  return written
    .map(({ file, bytes }) => `Wrote ${displayPath(file, context)} (${formatCount(bytes)} bytes)\n`)
    .join("");
}
