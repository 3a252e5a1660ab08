// What GET /metrics shows, for the pages that name metrics.

import { ADMIN_TOKEN, createFixture } from "../http/fixture.ts";

/** Whole samples, one a line, without comments. */
export async function metricsSamples(): Promise<string[]> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const response = await createFixture().fetch(new Request("http://localhost:7070/metrics", { headers }));
  const text = await response.text();
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** The metrics' names, each once, without labels and without the suffixes of a histogram. */
export async function metricNames(): Promise<string[]> {
  const names = (await metricsSamples()).map((line) =>
    line.replace(/[{ ].*$/, "").replace(/_(?:bucket|sum|count)$/, ""),
  );
  return [...new Set(names)];
}
