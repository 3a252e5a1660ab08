// The read API as a client uses it: a GET with the admin token, and a live tail as events.

import type { EntriesResponse } from "../../src/core/responses.ts";
import { ADMIN_TOKEN, type TestServer } from "./server.ts";

export const AUTHORIZATION = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** The JSON of a GET below /api/v1; throws unless the answer is 200. */
export async function read<T>(server: TestServer, path: string): Promise<T> {
  const answer = await fetch(`${server.url}/api/v1/${path}`, { headers: AUTHORIZATION });
  if (answer.status !== 200) throw new Error(`${path}: expected 200, got ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Every record that a search finds, newest first, page after page. */
export async function readAllEntries(server: TestServer, query: string): Promise<EntriesResponse["entries"]> {
  const entries: EntriesResponse["entries"][number][] = [];
  let cursor: string | null = "";
  do {
    const path: string = `entries?limit=1000&${query}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page: EntriesResponse = await read(server, path);
    entries.push(...page.entries);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return entries;
}

export interface TailedEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An open live tail. */
export class TailClient {
  readonly events: TailedEvent[] = [];
  /** Whether the connection has ended. */
  isOver = false;
  readonly #abort = new AbortController();
  readonly #reading: Promise<void>;

  private constructor(answer: Response) {
    this.#reading = this.#read(answer)
      .catch(() => undefined)
      .finally(() => {
        this.isOver = true;
      });
  }

  static async open(server: TestServer, query: string, lastEventId?: number): Promise<TailClient> {
    const headers = lastEventId === undefined ? AUTHORIZATION : { ...AUTHORIZATION, "last-event-id": `${lastEventId}` };
    const answer = await fetch(`${server.url}/api/v1/tail?${query}`, { headers });
    if (answer.status !== 200) throw new Error(`tail: expected 200, got ${answer.status}: ${await answer.text()}`);
    return new TailClient(answer);
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #read(answer: Response): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    this.#abort.signal.addEventListener("abort", () => void reader.cancel());
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true });
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) this.#take(frame);
    }
  }

  #take(frame: string): void {
    const fields = new Map(
      frame.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
    );
    const event = fields.get("event");
    if (event === undefined) return;
    const data = JSON.parse(fields.get("data") ?? "{}") as Record<string, unknown>;
    this.events.push({ id: Number(fields.get("id")), event, data });
  }
}
