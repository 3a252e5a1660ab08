import { simpleLogs } from "../../../../node.mjs";

export const GET = simpleLogs.next(() => new Response("page"));
