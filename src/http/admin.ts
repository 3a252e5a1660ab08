// Who may read: whoever presents the admin token as `Authorization: Bearer <token>`, or a session that was opened with it. The
// token is known by its SHA-256 and compared in constant time. Without a configured token nobody may.

import { createHash, timingSafeEqual } from "node:crypto";
import type { AccessSettings } from "./access.ts";
import { jsonResponse } from "./answers.ts";
import type { Sessions } from "./session.ts";

/** What decides who may read. */
export interface ReadAccess {
  readonly access: () => AccessSettings;
  readonly sessions: Sessions;
}

const CHALLENGE = { "www-authenticate": "Bearer" };

/** Whether this is the token whose SHA-256 (hexadecimal) is expected. */
export function isAdminToken(token: string, adminTokenSha256: string): boolean {
  const presented = createHash("sha256").update(token).digest();
  const expected = Buffer.from(adminTokenSha256, "hex");
  return presented.byteLength === expected.byteLength && timingSafeEqual(presented, expected);
}

/** Whether the request may read now. */
export function isReader(request: Request, { access, sessions }: ReadAccess): boolean {
  const { adminTokenSha256 } = access();
  if (adminTokenSha256 === undefined) return false;
  const [, token] = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (token !== undefined && isAdminToken(token, adminTokenSha256)) return true;
  return sessions.admits(request, adminTokenSha256);
}

/** 401 for whoever may not read, undefined for whoever may. It never says which part was wrong. */
export function refuseReader(request: Request, readAccess: ReadAccess): Response | undefined {
  if (isReader(request, readAccess)) return undefined;
  if (readAccess.access().adminTokenSha256 === undefined) return readingIsOff();
  const message = "Admin token is missing or wrong: send it as Authorization: Bearer";
  return jsonResponse(401, { message }, CHALLENGE);
}

/** 401 where no token is configured. */
export function readingIsOff(): Response {
  const message = "Reading is off: set admin_token or admin_token_sha256 in the configuration";
  return jsonResponse(401, { message }, CHALLENGE);
}
