// Files that were built before the server started. Each is sent in the best coding that the client accepts, with an
// ETag for that coding.

import { createHash } from "node:crypto";
import { CODINGS, type Coding, type FileBodies } from "../../runtime/assets.ts";
import { chooseCoding } from "./compression.ts";

/** For a name that changes with its contents. */
export const CACHE_FOR_EVER = "public, max-age=31536000, immutable";

interface Variant {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A file's response body and headers, by coding. */
export type Variants = ReadonlyMap<Coding, Variant>;

/** `headers`: beside those that follow from the body, the type and the caching among them. */
export function createVariants(bodies: FileBodies, headers: Readonly<Record<string, string>>): Variants {
  const variants = new Map<Coding, Variant>();
  for (const coding of CODINGS) {
    const body = bodies[coding];
    if (body === undefined) continue;
    const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
    variants.set(coding, {
      body,
      headers: {
        // For HEAD, which has no body to count.
        "content-length": String(body.byteLength),
        etag: `"${digest}"`,
        vary: "accept-encoding",
        ...headers,
        ...(coding === "identity" ? {} : { "content-encoding": coding }),
      },
    });
  }
  return variants;
}

/** Responds 200, 304 if the client has the file in that coding, or 406. */
export function fileResponse(variants: Variants, request: Request): Response {
  const coding = chooseCoding(request.headers.get("accept-encoding"), [...variants.keys()]);
  const variant = coding === undefined ? undefined : variants.get(coding);
  if (variant === undefined) return new Response(null, { status: 406, headers: { vary: "accept-encoding" } });
  const { body, headers } = variant;
  if (matchesTag(request.headers.get("if-none-match"), headers["etag"])) {
    const { "content-type": _type, "content-encoding": _coding, "content-length": _length, ...remaining } = headers;
    return new Response(null, { status: 304, headers: remaining });
  }
  return new Response(body, { headers });
}

function matchesTag(header: string | null, tag: string | undefined): boolean {
  if (header === null) return false;
  return header.split(",").some((part) => part.trim() === "*" || part.trim().replace(/^W\//, "") === tag);
}
