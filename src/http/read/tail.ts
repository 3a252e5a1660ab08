// GET /api/v1/tail: matching records as server-sent events, in commit order, as they are committed. A client that
// reconnects continues after the last id it received. Each ping ends the tails whose token or session is no longer
// valid, or whose reader may read other projects now.
// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html

import { type TObject, Type } from "@sinclair/typebox";
import { TAILS_AT_ONCE_MAX } from "../../core/limits.ts";
import type { TailEvent, TailRequest } from "../../core/queries.ts";
import { RecordSchema } from "../../core/responses.ts";
import { isSameViewer } from "../access/viewer.ts";
import type { Route } from "../base/routes.ts";
import {
  badRequest,
  type Call,
  defineOperation,
  type ReadDependencies,
  refuse,
  SEARCH_REFUSALS,
  UNAVAILABLE,
} from "./operation.ts";
import { PROJECT, readParameters, readTimeZone, SEARCH, strictObject, TIME_ZONE } from "./parameters.ts";
import { abortWithClient, type PingTimer, ResponseStream } from "./response_stream.ts";

/** After a broken connection browsers wait this long, in ms. */
const HEAD = "retry: 2000\n\n";
const PING = ": ping\n\n";

const LAST_ID = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  expects: "the id of a record",
  description: "Continue after this record; absent: from now on",
});
const HEADERS = strictObject({ "last-event-id": Type.Optional(LAST_ID) });

export function tailRoute(dependencies: ReadDependencies, pings: PingTimer): Route {
  const tail = defineOperation(dependencies, {
    id: "tailEntries",
    summary: "Records as they are committed, as server-sent events",
    description:
      "Events: `record` with a record, and `gap` with how many matching records a slow reader missed; the id of each is the " +
      "record's. Resumable by Last-Event-ID, or lastEventId where headers cannot be set.",
    access: "reader",
    headers: HEADERS,
    query: strictObject({
      project: Type.Optional(PROJECT),
      q: Type.Optional(SEARCH),
      timeZone: Type.Optional(TIME_ZONE),
      lastEventId: Type.Optional(LAST_ID),
    }),
    responses: {
      200: { description: "Events; the data of `record`", mediaType: "text/event-stream", schema: RecordSchema },
      ...SEARCH_REFUSALS,
      ...UNAVAILABLE,
    },
    async handle(call) {
      const { request } = call;
      const { project, q = "", timeZone: zone, lastEventId } = call.query;
      const timeZone = readTimeZone(zone);
      if (!timeZone.ok) return badRequest(timeZone.message);
      const header = readLastEventId(request);
      if (!header.ok) return badRequest(header.message);
      if (pings.count >= TAILS_AT_ONCE_MAX) {
        return refuse({ code: "busy", message: `${TAILS_AT_ONCE_MAX} live tails are open: close one` });
      }
      // A browser that reconnects sends the header, and still has the older id in its URL.
      return follow(dependencies, pings, call, {
        project,
        q,
        timeZone: timeZone.value,
        after: header.value ?? lastEventId,
      });
    },
  });
  return { path: "/api/v1/tail", operations: { GET: tail } };
}

async function follow(
  dependencies: ReadDependencies,
  pings: PingTimer,
  { request, viewer, queries }: Pick<Call<TObject, TObject>, "request" | "viewer" | "queries">,
  asked: TailRequest,
): Promise<Response> {
  const { work, release } = abortWithClient(request, dependencies.stopping);
  const outcome = await queries.tail(asked, work.signal);
  if (!outcome.ok) {
    release();
    return refuse(outcome.refusal);
  }
  const ping = () => {
    const now = dependencies.gate.viewerOf(request);
    if (now !== undefined && isSameViewer(now, viewer)) body.interject(PING);
    else work.abort();
  };
  pings.add(ping);
  const body = new ResponseStream({
    source: outcome.answer,
    textOf: (events) => events.map(eventText).join(""),
    head: HEAD,
    work,
    failed(error) {
      const cause = error instanceof Error ? error.message : String(error);
      dependencies.log("error", "a live tail failed", { error: cause });
      // The client reconnects by itself and continues where it was.
      return "close";
    },
    ended() {
      pings.remove(ping);
      release();
    },
  });
  const headers = {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    // nginx would collect events otherwise.
    "x-accel-buffering": "no",
  };
  return new Response(body.stream, { headers });
}

function readLastEventId(request: Request) {
  const header = request.headers.get("last-event-id");
  const given: [string, string][] = header === null || header === "" ? [] : [["last-event-id", header]];
  const checked = readParameters(HEADERS, given);
  return checked.ok ? ({ ok: true, value: checked.value["last-event-id"] } as const) : checked;
}

function eventText(event: TailEvent): string {
  // A block without data is no event, but its id is remembered.
  if (event.kind === "position") return `id: ${event.id}\n\n`;
  const data = event.kind === "record" ? event.record : { missed: event.missed };
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(data)}\n\n`;
}
