// Stands for VictoriaLogs where scripts/bench is tested: takes JSON lines, counts them, and says how many.

export {};

let lines = 0;

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case "/insert/jsonline": {
      const entries = (await request.text()).split("\n").filter((line) => line !== "");
      for (const entry of entries) {
        const { timestamp, touchpoint } = JSON.parse(entry) as { timestamp: unknown; touchpoint: unknown };
        if (typeof timestamp === "number" && typeof touchpoint === "string") lines++;
      }
      return new Response(null, { status: searchParams.get("_time_field") === "timestamp" ? 200 : 400 });
    }
    case "/metrics":
      return new Response(`vl_rows_ingested_total{type="jsonline"} ${lines}\nvl_storage_rows{type="x"} ${lines}\n`);
    case "/select/logsql/query":
      return new Response(`{"rows":"${lines}"}\n`);
    case "/internal/force_flush":
      return new Response("");
    default:
      return new Response("", { status: 404 });
  }
}

const folder = process.argv.find((argument) => argument.startsWith("-storageDataPath="))?.split("=")[1] ?? "";
await Bun.write(`${folder}/part/data.bin`, "12345678");
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
console.error(`started server at http://127.0.0.1:${server.port}/`);
