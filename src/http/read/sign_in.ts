// The app's sign-in with the admin token or a reader's, who is signed in, and the sign-out, at /api/v1/session; and POST
// /api/v1/tickets, for what a link downloads.

import { Type } from "@sinclair/typebox";
import { type ViewerResponse, ViewerSchema } from "../../core/account_responses.ts";
import { MessageSchema } from "../../core/responses.ts";
import { SESSION_HEADER, type SignInResponse, type TicketResponse } from "../../core/session.ts";
import { readingIsOff } from "../access/read_gate.ts";
import { type FoundSession, isSameOrigin, presentedSession, sessionCookie } from "../access/sessions.ts";
import { viewersOf } from "../access/viewer.ts";
import { jsonResponse } from "../base/responses.ts";
import type { Route } from "../base/routes.ts";
import {
  badRequest,
  defineOperation,
  NO_PARAMETERS,
  type ReadDependencies,
  TOO_MANY_FAILURES,
  ticketTarget,
} from "./operation.ts";
import { strictObject } from "./parameters.ts";

const COOKIE_HEADER = { "Set-Cookie": "The session: HttpOnly, SameSite=Strict, 12 hours" };
/** A download's path and query; a search can be long. */
const TARGET_LENGTH_MAX = 16_384;

/** A session would never be believed without this header, so signing in says so at once. */
const NOT_SAME_ORIGIN =
  "The browser did not say Sec-Fetch-Site: same-origin: open the app itself, over https or on localhost";

const SignInSchema = Type.Object(
  {
    secret: Type.String({ description: `The half of the session that goes into the ${SESSION_HEADER} header` }),
    expiresAt: Type.Number({ description: "Unix ms" }),
  },
  { title: "SignIn" },
);

export function sessionRoute(dependencies: ReadDependencies): Route {
  const { access, sessions, gate } = dependencies;
  const signIn = defineOperation(dependencies, {
    id: "signIn",
    summary: "Sign the app in with the admin token, or a reader's",
    description:
      "Only for pages of this origin: the request must carry Sec-Fetch-Site: same-origin. The answer is one half of the session, " +
      "the cookie the other; every request needs both.",
    access: "open",
    query: NO_PARAMETERS,
    body: strictObject({ token: Type.String({ expects: "a string", description: "The admin token, or a reader's" }) }),
    responses: {
      200: { description: "Signed in", schema: SignInSchema, headers: COOKIE_HEADER },
      401: { description: "The token is wrong, or reading is off", schema: MessageSchema },
      403: { description: "The request does not come from a page of this origin", schema: MessageSchema },
      429: TOO_MANY_FAILURES,
    },
    async handle({ request, body: { token } }) {
      if (viewersOf(access()).length === 0) return readingIsOff();
      if (!isSameOrigin(request)) return jsonResponse(403, { message: NOT_SAME_ORIGIN });
      const viewer = gate.admitSignIn(request, token);
      if (viewer instanceof Response) return viewer;
      const { id, secret, expiresAt } = await sessions.open(viewer);
      const answer: SignInResponse = { secret, expiresAt };
      return jsonResponse(200, answer, { "set-cookie": sessionCookie(id, request) });
    },
  });
  const signOut = defineOperation(dependencies, {
    id: "signOut",
    summary: "Sign the app out",
    access: "reader",
    query: NO_PARAMETERS,
    responses: { 204: { description: "Signed out, in every tab", headers: COOKIE_HEADER } },
    async handle({ request }) {
      const session = sessionOf(request, dependencies);
      if (session !== undefined) await sessions.close(session.id);
      const headers = { "set-cookie": sessionCookie(undefined, request), "cache-control": "no-store" };
      return new Response(null, { status: 204, headers });
    },
  });
  const show = defineOperation(dependencies, {
    id: "showSession",
    summary: "Whose token or session this is, and what they may read",
    access: "reader",
    query: NO_PARAMETERS,
    responses: { 200: { description: "The answer", schema: ViewerSchema } },
    handle({ viewer: { name, isAdmin, projects = null } }) {
      const answer: ViewerResponse = { name, isAdmin, projects };
      return jsonResponse(200, answer);
    },
  });
  return { path: "/api/v1/session", operations: { GET: show, POST: signIn, DELETE: signOut } };
}

export function ticketRoute(dependencies: ReadDependencies): Route {
  const { sessions } = dependencies;
  const issue = defineOperation(dependencies, {
    id: "issueTicket",
    access: "reader",
    summary: "A ticket for a download: a link can carry no header",
    description: "The ticket goes into the `ticket` parameter of that very path and query: once, within a minute.",
    query: NO_PARAMETERS,
    body: strictObject({
      target: Type.String({
        maxLength: TARGET_LENGTH_MAX,
        expects: `a path with its query, of at most ${TARGET_LENGTH_MAX} characters`,
        description: "Path and query of the download",
        examples: ["/api/v1/export?format=csv"],
      }),
    }),
    responses: {
      200: { description: "The ticket", schema: Type.Object({ ticket: Type.String() }, { title: "Ticket" }) },
    },
    handle({ request, viewer, body: { target } }) {
      const session = sessionOf(request, dependencies);
      if (!target.startsWith("/")) return badRequest('target: expected a path with its query, beginning with "/"');
      const answer: TicketResponse = { ticket: sessions.issueTicket(session?.id, viewer, ticketTarget(target)) };
      return jsonResponse(200, answer);
    },
  });
  return { path: "/api/v1/tickets", operations: { POST: issue } };
}

/** A request's session, where it has a good one. */
function sessionOf(request: Request, { access, sessions }: ReadDependencies): FoundSession | undefined {
  const presented = presentedSession(request);
  return presented === undefined ? undefined : sessions.find(presented, viewersOf(access()));
}
