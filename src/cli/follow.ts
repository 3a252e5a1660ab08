// Records as they come, behind the newest that are there. The tail stands before those are read, so nothing is missed between the two;
// what is in both is shown once. Ends with the signal, or when nobody reads any more, and both are no failure.

import { formatCountOf } from "../core/format.ts";
import type { QueryScope, TailEvent } from "../core/queries.ts";
import { newestPages } from "./newest_pages.ts";
import type { LineOf } from "./record_line.ts";
import type { RecordSource } from "./source.ts";
import type { ReadingTools } from "./tools.ts";

export interface FollowQuestion {
  readonly scope: QueryScope;
  /** So many of the newest come first; may be 0. */
  readonly last: number;
  readonly lineOf: LineOf;
}

/** Writes until SIGINT or SIGTERM. */
export async function follow(source: RecordSource, question: FollowQuestion, tools: ReadingTools): Promise<void> {
  const { context, signals, write } = tools;
  const { scope, last, lineOf } = question;
  const stop = new AbortController();
  signals.on("SIGINT", () => stop.abort());
  signals.on("SIGTERM", () => stop.abort());
  const { project, q, timeZone } = scope;
  let isRead = true;
  const shown = new Set<number>();
  try {
    const tail = await source.tail({ project, q, timeZone, after: undefined }, stop.signal);
    const lines: string[] = [];
    for await (const { entries, damagedBlocks } of newestPages(source, scope, last)) {
      if (stop.signal.aborted) return;
      if (damagedBlocks !== undefined) context.stderr.write(`simplelogs: damaged blocks left out: ${damagedBlocks}\n`);
      for (const record of entries) shown.add(record.id);
      lines.push(...entries.map(lineOf));
    }
    isRead = await write(lines.toReversed().join(""));
    if (!isRead) return;
    for await (const events of tail) {
      const fresh = events.filter(({ kind, id }) => kind === "gap" || !shown.has(id));
      for (const event of fresh) if (event.kind === "gap") context.stderr.write(`simplelogs: ${gapText(event)}\n`);
      const text = fresh.map((event) => (event.kind === "record" ? lineOf(event.record) : "")).join("");
      isRead = text === "" || (await write(text));
      if (!isRead) return;
    }
  } catch (error) {
    // A request that was cut off by the signal.
    if (!stop.signal.aborted) throw error;
  } finally {
    stop.abort();
  }
}

function gapText({ missed }: Extract<TailEvent, { kind: "gap" }>): string {
  return `${formatCountOf(missed, "record")} passed over: they came faster than they were taken; \`simplelogs query\` shows them`;
}
