// POST and DELETE /api/v1/session: the app's sign-in with the admin token, and its sign-out.

import { Type } from "@sinclair/typebox";
import { isAdminToken, readingIsOff } from "../admin.ts";
import { jsonResponse } from "../answers.ts";
import type { Route } from "../routes.ts";
import { isSameOrigin, sessionCookie } from "../session.ts";
import { MessageSchema } from "./answers.ts";
import { defineOperation, NO_PARAMETERS, type ReadDependencies } from "./operation.ts";
import { strictObject } from "./parameters.ts";

const COOKIE_HEADER = { "Set-Cookie": "The session: HttpOnly, SameSite=Strict, 12 hours" };

/** A cookie would never be believed without this header, so signing in says so at once. */
const NOT_SAME_ORIGIN =
  "The browser did not say Sec-Fetch-Site: same-origin: open the app itself, over https or on localhost";

export function sessionRoute(dependencies: ReadDependencies): Route {
  const { access, sessions } = dependencies;
  const signIn = defineOperation(dependencies, {
    id: "signIn",
    summary: "Sign the app in with the admin token",
    description: "Only for pages of this origin: the request must carry Sec-Fetch-Site: same-origin.",
    access: "open",
    query: NO_PARAMETERS,
    body: strictObject({ token: Type.String({ expects: "a string", description: "The admin token" }) }),
    answers: {
      204: { description: "Signed in", headers: COOKIE_HEADER },
      401: { description: "The token is wrong, or reading is off", schema: MessageSchema },
      403: { description: "The request does not come from a page of this origin", schema: MessageSchema },
    },
    handle({ request, body: { token } }) {
      const { adminTokenSha256 } = access();
      if (adminTokenSha256 === undefined) return readingIsOff();
      if (!isSameOrigin(request)) return jsonResponse(403, { message: NOT_SAME_ORIGIN });
      if (!isAdminToken(token, adminTokenSha256)) return jsonResponse(401, { message: "Admin token is wrong" });
      return withCookie(sessionCookie(sessions.open(adminTokenSha256), request));
    },
  });
  const signOut = defineOperation(dependencies, {
    id: "signOut",
    summary: "Sign the app out",
    query: NO_PARAMETERS,
    answers: { 204: { description: "Signed out", headers: COOKIE_HEADER } },
    handle({ request }) {
      sessions.close(request);
      return withCookie(sessionCookie(undefined, request));
    },
  });
  return { path: "/api/v1/session", operations: { POST: signIn, DELETE: signOut } };
}

function withCookie(cookie: string): Response {
  return new Response(null, { status: 204, headers: { "set-cookie": cookie, "cache-control": "no-store" } });
}
