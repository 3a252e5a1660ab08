// `simplelogs sdk`: the client library that this executable holds: where a server has it, what a page writes, and the files themselves.

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
import { configuredUrl } from "./eraser.ts";
import { jsonLine } from "./json_line.ts";
import { addNotes } from "./search_help.ts";
import { serverUrl, URL_VARIABLE } from "./tools.ts";

interface SdkOptions {
  readonly url?: string;
  readonly out?: string;
  readonly pack?: boolean;
  readonly json?: boolean;
}

/** One file as it is shown. */
interface ShownFile {
  readonly name: string;
  readonly url: string;
  /** Where the server has its own version of it, whichever that is. */
  readonly plainUrl: string;
  readonly bytes: number;
  /** In the smallest coding. */
  readonly loadedBytes: number;
  readonly integrity: string;
  /** What a page or a program writes to use it; absent where another file brings it along. */
  readonly use?: string;
}

/** A file that was written. */
interface WrittenFile {
  readonly file: string;
  readonly bytes: number;
}

/** What the script tag's file loads when it needs it, and names by this hash itself: a policy must have the very same. */
const LOADED_BY_SCRIPT = ["deferred.js", "vitals.js"];
const SCRIPT_FILE = "simplelogs.js";

/** What `serve` listens on where there is no configuration. */
const DEFAULT_URL = "http://127.0.0.1:7070";

const NOTES = `
A page writes the script tag, and its policy, if it has one, allows the server in script-src and connect-src. The integrity holds for one
version: after an upgrade of the server take the new tag, or leave version and integrity out.

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
      "Shows the files of the client library: the address that a server has each at, its size, its integrity (SRI), and what a page or " +
        "a program writes to use it. The address is that of the configuration, if there is one.",
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

/** Where the server is: as given, as configured, or where one listens by default. Throws OperatingError. */
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

/** Lets a page run these very scripts and no other, and send. Source: https://www.w3.org/TR/CSP3/#external-hash */
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
