// The app's files over HTTP: each in the best coding that the client takes, with an ETag; pages under every path of the app. The
// policy leaves a page nothing but its own script, style and server, so that text from a log can never run or leave.

import { createHash } from "node:crypto";
import { PAGE_PATHS } from "../core/pages.ts";
import { type AppFile, CODINGS, type Coding } from "../runtime/assets.ts";
import type { AccessSettings } from "./access.ts";
import { chooseCoding } from "./codings.ts";
import type { PlainRoute } from "./routes.ts";

/** Where the page is among the files. */
const PAGE_FILE = "/index.html";
/** Stands in the page, and is replaced where no token is configured. */
const READING_ON = 'data-reading="on"';
const READING_OFF = 'data-reading="off"';

/** Trusted types: even a mistake in the app's own code could not turn text into markup or script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const SECURITY_HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
};

/** A page can change with each version, a file under a hashed name never. */
const CACHE_PAGE = "no-cache";
const CACHE_FILE = "public, max-age=31536000, immutable";

interface Variant {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}
type Variants = ReadonlyMap<Coding, Variant>;

/** Routes of the app's files and pages; none where `files` is undefined. */
export function webRoutes(files: readonly AppFile[] | undefined, access: () => AccessSettings): PlainRoute[] {
  const routes: PlainRoute[] = [];
  for (const file of files ?? []) {
    if (file.path === PAGE_FILE) {
      const on = variantsOf(file);
      const off = variantsOf(withoutReading(file));
      const handle = (request: Request) => answerFile(access().adminTokenSha256 === undefined ? off : on, request);
      for (const path of Object.values(PAGE_PATHS)) routes.push({ path, operations: { GET: { handle } } });
    } else {
      const variants = variantsOf(file);
      routes.push({
        path: file.path,
        operations: { GET: { handle: (request) => answerFile(variants, request) } },
      });
    }
  }
  return routes;
}

function answerFile(variants: Variants, request: Request): Response {
  const coding = chooseCoding(request.headers.get("accept-encoding"), [...variants.keys()]);
  const variant = coding === undefined ? undefined : variants.get(coding);
  if (variant === undefined) return new Response(null, { status: 406, headers: { vary: "accept-encoding" } });
  const { body, headers } = variant;
  if (matchesTag(request.headers.get("if-none-match"), headers["etag"])) {
    const { "content-type": _type, "content-encoding": _coding, "content-length": _length, ...kept } = headers;
    return new Response(null, { status: 304, headers: kept });
  }
  return new Response(body, { headers });
}

function variantsOf({ type, isImmutable, bodies }: AppFile): Variants {
  const variants = new Map<Coding, Variant>();
  for (const coding of CODINGS) {
    const body = bodies[coding];
    if (body === undefined) continue;
    const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
    const headers: Record<string, string> = {
      "content-type": type,
      "cache-control": isImmutable ? CACHE_FILE : CACHE_PAGE,
      // For HEAD, which has no body to count.
      "content-length": String(body.byteLength),
      etag: `"${digest}"`,
      vary: "accept-encoding",
      ...SECURITY_HEADERS,
    };
    if (coding !== "identity") headers["content-encoding"] = coding;
    variants.set(coding, { body, headers });
  }
  return variants;
}

/** The page as it is served where nobody can read: it says which setting is missing. */
function withoutReading(file: AppFile): AppFile {
  const text = new TextDecoder().decode(file.bodies.identity);
  return { ...file, bodies: { identity: new TextEncoder().encode(text.replace(READING_ON, READING_OFF)) } };
}

function matchesTag(header: string | null, tag: string | undefined): boolean {
  if (header === null) return false;
  return header.split(",").some((part) => part.trim() === "*" || part.trim().replace(/^W\//, "") === tag);
}
