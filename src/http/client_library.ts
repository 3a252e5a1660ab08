// Serves the client library to pages of every origin. Files under plain paths change with the server; files under paths
// with a version never do. The server has one version; a path of another version gets 404 with a message that names the
// version here.

import { Type } from "@sinclair/typebox";
import { MessageSchema } from "../core/responses.ts";
import {
  type ClientLibrary,
  integrityOf,
  LIBRARY_PATH,
  type LibraryFile,
  libraryPath,
  loadedBytesOf,
} from "../runtime/client_library.ts";
import { OPEN_HEADERS } from "./access/cors.ts";
import { CACHE_FOR_EVER, createVariants, fileResponse, type Variants } from "./base/files.ts";
import { jsonResponse } from "./base/responses.ts";
import type { PlainRoute, ResponseDocument, Route } from "./base/routes.ts";

/** So long a page may go on with what it has after an upgrade of the server, in seconds. */
const PLAIN_SECONDS = 300;
const CACHE_PLAIN = `public, max-age=${PLAIN_SECONDS}`;

const LibrarySchema = Type.Object(
  {
    version: Type.String(),
    files: Type.Array(
      Type.Object({
        name: Type.String(),
        path: Type.String({ description: "Of the version that the server has" }),
        versionedPath: Type.String({ description: "Of this version for ever" }),
        type: Type.String({ description: "Content-Type" }),
        bytes: Type.Integer(),
        loadedBytes: Type.Integer({ description: "In the smallest coding" }),
        integrity: Type.String({ description: "For a page's integrity attribute" }),
      }),
    ),
  },
  { title: "ClientLibrary" },
);

const MISSING: ResponseDocument = {
  description: "There is no such file, or the server has another version",
  schema: MessageSchema,
};
const FILE_RESPONSES: Readonly<Record<number, ResponseDocument>> = {
  200: {
    description: "The file, compressed where Accept-Encoding takes it",
    mediaType: ["text/javascript", "application/typescript", "text/x-python", "application/gzip"],
    schema: Type.String(),
    headers: { ETag: "Of the contents in this coding", "Cache-Control": "How long they stay" },
  },
  304: { description: "The client has it already" },
  404: MISSING,
  406: { description: "Accept-Encoding refuses every coding that there is" },
};

/** What is served, and how it is described: two paths of the description are one of the router. */
export interface LibraryRoutes {
  readonly served: readonly PlainRoute[];
  readonly described: readonly Route[];
}

/** Routes of the library; all of them are answered 404 where `library` is undefined. */
export function libraryRoutes(library: ClientLibrary | undefined): LibraryRoutes {
  const files = library === undefined ? new Map<string, Variants>() : variantsByPath(library);
  const handle = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    const variants = files.get(pathname === LIBRARY_PATH.slice(0, -1) ? LIBRARY_PATH : pathname);
    if (variants !== undefined) return fileResponse(variants, request);
    return jsonResponse(404, { message: notFoundMessage(library, pathname) }, OPEN_HEADERS);
  };
  const file = Type.String({ examples: library?.files.map(({ name }) => name) ?? [] });
  const version = Type.Object({
    version: Type.String({ examples: library === undefined ? [] : [library.version] }),
    file,
  });
  return {
    served: [LIBRARY_PATH, `${LIBRARY_PATH}*`].map((path) => ({ path, operations: { GET: { handle } } })),
    described: [
      route(LIBRARY_PATH, handle, {
        id: "listClientLibrary",
        summary: "The files of the client library, with sizes and integrity",
        responses: { ...FILE_RESPONSES, 200: { description: "They are", schema: LibrarySchema } },
      }),
      route(`${LIBRARY_PATH}{file}`, handle, {
        id: "clientLibraryFile",
        summary: "A file of the client library, as this server has it",
        path: Type.Object({ file }),
        responses: FILE_RESPONSES,
      }),
      route(`${LIBRARY_PATH}{version}/{file}`, handle, {
        id: "clientLibraryFileOfVersion",
        summary: "The same under a path whose contents never change",
        path: version,
        responses: FILE_RESPONSES,
      }),
    ],
  };
}

function route(
  path: string,
  handle: (request: Request) => Response,
  document: Omit<NonNullable<Route["operations"]["GET"]>["document"], "access">,
): Route {
  return { path, operations: { GET: { document: { ...document, access: "open" }, handle } } };
}

function variantsByPath(library: ClientLibrary): ReadonlyMap<string, Variants> {
  const { version, files } = library;
  const names = new Set(files.map(({ name }) => name));
  const byPath = new Map([
    [LIBRARY_PATH, createVariants({ identity: listingOf(library) }, headersOf("application/json", CACHE_PLAIN))],
  ]);
  for (const { name, type, bodies } of files) {
    const types = typesOf(name, names, version);
    byPath.set(libraryPath(name), createVariants(bodies, { ...headersOf(type, CACHE_PLAIN), ...types }));
    byPath.set(libraryPath(name, version), createVariants(bodies, { ...headersOf(type, CACHE_FOR_EVER), ...types }));
  }
  return byPath;
}

function headersOf(type: string, caching: string): Record<string, string> {
  return { "content-type": type, "cache-control": caching, ...OPEN_HEADERS };
}

/**
 * Where Deno finds the types of a module that it imports from here. Source:
 * https://docs.deno.com/runtime/fundamentals/typescript/
 */
function typesOf(name: string, names: ReadonlySet<string>, version: string): Record<string, string> {
  const types = name.replace(/\.(m?)js$/, ".d.$1ts");
  return types !== name && names.has(types) ? { "x-typescript-types": libraryPath(types, version) } : {};
}

function listingOf({ version, files }: ClientLibrary): Uint8Array<ArrayBuffer> {
  const listed = files.map((file: LibraryFile) => ({
    name: file.name,
    path: libraryPath(file.name),
    versionedPath: libraryPath(file.name, version),
    type: file.type,
    bytes: file.bodies.identity.byteLength,
    loadedBytes: loadedBytesOf(file),
    integrity: integrityOf(file),
  }));
  return new TextEncoder().encode(`${JSON.stringify({ version, files: listed }, undefined, 2)}\n`);
}

function notFoundMessage(library: ClientLibrary | undefined, pathname: string): string {
  if (library === undefined) return "There is no client library: it was not built";
  const [asked, file] = pathname.slice(LIBRARY_PATH.length).split("/");
  const isOther = file !== undefined && asked !== library.version && library.files.some(({ name }) => name === file);
  return isOther
    ? `This server has version ${library.version} of the client library: ${libraryPath(file, library.version)}`
    : `Not found; ${LIBRARY_PATH} lists the files of the client library`;
}
