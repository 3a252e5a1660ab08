// Serves the app's files, and its page under each of the app's paths. The content security policy restricts the page to
// its own script, style and server, so text from a log can neither run nor be sent elsewhere.

import { PAGE_PATHS } from "../core/pages.ts";
import type { AppFile } from "../runtime/assets.ts";
import type { AccessSettings } from "./access/settings.ts";
import { viewersOf } from "./access/viewer.ts";
import { CACHE_FOR_EVER, createVariants, fileResponse, type Variants } from "./base/files.ts";
import type { PlainRoute } from "./base/routes.ts";

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

/** Routes of the app's files and pages; none where `files` is undefined. */
export function webRoutes(files: readonly AppFile[] | undefined, access: () => AccessSettings): PlainRoute[] {
  const routes: PlainRoute[] = [];
  for (const file of files ?? []) {
    if (file.path === PAGE_FILE) {
      const on = variants(file);
      const off = variants(withoutReading(file));
      const handle = (request: Request) => fileResponse(viewersOf(access()).length === 0 ? off : on, request);
      for (const path of Object.values(PAGE_PATHS)) routes.push({ path, operations: { GET: { handle } } });
    } else {
      const served = variants(file);
      routes.push({ path: file.path, operations: { GET: { handle: (request) => fileResponse(served, request) } } });
    }
  }
  return routes;
}

/**
 * The app's page for paths that nothing serves, so that a browser shows "there is no page at …" with the ways to go on,
 * and not JSON. Undefined for everybody else: for other methods, for paths of the API, and for who does not ask for HTML.
 * The status stays 404.
 */
export function missingPage(
  files: readonly AppFile[] | undefined,
  access: () => AccessSettings,
): (request: Request) => Response | undefined {
  const file = files?.find(({ path }) => path === PAGE_FILE);
  if (file === undefined) return () => undefined;
  const on = variants(file);
  const off = variants(withoutReading(file));
  return (request) => {
    if (!asksForPage(request)) return undefined;
    // Without the tag that it has where it is found: nothing here is "not modified".
    const coding = new Request(request.url, {
      headers: { "accept-encoding": request.headers.get("accept-encoding") ?? "" },
    });
    const { status, headers, body } = fileResponse(access().adminTokenSha256 === undefined ? off : on, coding);
    if (status !== 200) return undefined;
    headers.delete("etag");
    return new Response(request.method === "HEAD" ? null : body, { status: 404, headers });
  };
}

/** Browsers name text/html when they open an address, and for nothing else that they load. */
function asksForPage({ method, headers, url }: Request): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const path = new URL(url).pathname;
  if (path === "/api" || path.startsWith("/api/")) return false;
  return /(?:^|,)\s*text\/html\s*(?:;|,|$)/i.test(headers.get("accept") ?? "");
}

function variants({ type, isImmutable, bodies }: AppFile): Variants {
  return createVariants(bodies, {
    "content-type": type,
    "cache-control": isImmutable ? CACHE_FOR_EVER : CACHE_PAGE,
    ...SECURITY_HEADERS,
  });
}

/** The page as it is served where nobody can read: it says which setting is missing. */
function withoutReading(file: AppFile): AppFile {
  const text = new TextDecoder().decode(file.bodies.identity);
  return { ...file, bodies: { identity: new TextEncoder().encode(text.replace(READING_ON, READING_OFF)) } };
}
