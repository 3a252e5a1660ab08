// What GET /metrics shows, for the pages that name metrics.

import { ADMIN_TOKEN, createFixture } from "../http/fixture.ts";

/** The text, with comments. */
async function metricsText(): Promise<string> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const response = await createFixture().fetch(new Request("http://localhost:7070/metrics", { headers }));
  return response.text();
}

/** Whole samples, one a line, without comments. */
export async function metricsSamples(): Promise<string[]> {
  const text = await metricsText();
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** The metrics' names, each once, those without a sample as well. */
export async function metricNames(): Promise<string[]> {
  return [...(await metricsText()).matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name);
}
