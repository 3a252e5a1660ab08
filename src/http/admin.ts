// The admin token: who may read. Presented as `Authorization: Bearer <token>`, known by its SHA-256, compared in constant
// time. Without a configured token nobody may.

import { createHash, timingSafeEqual } from "node:crypto";
import { jsonResponse } from "./answers.ts";

/** Whether the request carries the token whose SHA-256 (hexadecimal) this is. */
export function isAdmin(request: Request, adminTokenSha256: string | undefined): boolean {
  const [, token] = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token === undefined || adminTokenSha256 === undefined) return false;
  const presented = createHash("sha256").update(token).digest();
  const expected = Buffer.from(adminTokenSha256, "hex");
  return presented.byteLength === expected.byteLength && timingSafeEqual(presented, expected);
}

/** 401 for whoever is not. */
export function adminRequired(): Response {
  const message = "Admin token is missing or wrong: send it as Authorization: Bearer";
  return jsonResponse(401, { message }, { "www-authenticate": "Bearer" });
}
