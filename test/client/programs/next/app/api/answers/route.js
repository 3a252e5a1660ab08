import { notFound, redirect } from "next/navigation";
import { simpleLogs } from "../../../node.mjs";

/** What `kind` asks for. */
export const GET = simpleLogs.next(
  (request) => {
    const kind = new URL(request.url).searchParams.get("kind");
    if (kind === "missing") notFound();
    if (kind === "moved") redirect("/api/orders/1");
    if (kind === "refused") return new Response("no", { status: 403 });
    const body = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        controller.enqueue(new TextEncoder().encode("late"));
        controller.close();
      },
    });
    return new Response(body);
  },
  { touchpoint: (request) => `answers/${new URL(request.url).searchParams.get("kind")}` },
);
