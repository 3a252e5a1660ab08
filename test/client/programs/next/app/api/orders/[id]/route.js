import { serverLogger, simpleLogs } from "../../../../node.mjs";

export const GET = simpleLogs.next(async (_request, { params }) => {
  const { id } = await params;
  await new Promise((resolve) => setTimeout(resolve, 20));
  serverLogger.log("inside");
  return Response.json({ id });
});

export const POST = simpleLogs.next(() => {
  throw new Error("broken", { cause: new TypeError("why") });
});
