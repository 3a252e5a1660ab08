// The writer on a real data file, without a thread: the messages it gets and sends.

import { hash } from "node:crypto";
import { join } from "node:path";
import type { Durability } from "../../../../src/core/batch.ts";
import type { ChangeOutcome, ChangeRequest } from "../../../../src/core/changes.ts";
import type { Entry } from "../../../../src/core/entry.ts";
import { GROUP_STATE, type GroupMessage } from "../../../../src/core/group.ts";
import type { StoreSnapshot } from "../../../../src/core/telemetry.ts";
import type { FromWriter, WriterRules } from "../../../../src/threads/messages.ts";
import { WriterThread } from "../../../../src/threads/writer/writer_thread.ts";
import { untilTrue } from "../../../support/condition.ts";
import { withFolder } from "../../../support/folder.ts";

const DAY_MS = 86_400_000;

const KEY_TEXTS = ["sk_0123456789abcdef", "ck_0123456789abcdef", "sk_other0123456789ab"] as const;
const ORIGIN = "https://shop.example.com";

export const RULES: WriterRules = {
  keys: [
    { project: "shop", name: "web shop", type: "server" },
    { project: "shop", name: "web shop", type: "client" },
    { project: "other", name: "other", type: "server" },
  ],
  live: KEY_TEXTS.map((text, index) => ({
    index,
    sha256: hash("sha256", text, "hex"),
    origins: [ORIGIN],
    rate: undefined,
  })),
  entriesMax: 10_000,
  projects: {},
  defaultProject: { retentionMs: 30 * DAY_MS, monthlyEntries: undefined, overage: "continue" },
  bytesMax: 1e9,
};

export class WriterStage {
  readonly file: string;
  readonly said: FromWriter[] = [];
  writer: WriterThread;
  readonly #groupState = new Int32Array(new SharedArrayBuffer(4));
  readonly #durability: Durability;
  /** As the pipeline has it: of the writer before. */
  get #dataId(): string | undefined {
    const started = this.said.find((message) => message.kind === "started");
    return started?.kind === "started" ? started.dataId : undefined;
  }
  #nextGroup = 1;
  #nextChange = 1;

  constructor(folder: string, durability: Durability = "write") {
    this.file = join(folder, "data.db");
    this.#durability = durability;
    this.writer = this.#open("first");
  }

  /** Another writer takes the file over, as after a crash: of the same process, unless `run` is another. */
  crash(run = "first"): void {
    this.writer.close();
    this.writer = this.#open(run);
  }

  #open(run: string): WriterThread {
    const settings = {
      file: this.file,
      durability: this.#durability,
      run,
      timings: { timeoutMs: 3_600_000, orphanGraceMs: 60_000, openMax: 1_000, openBytesMax: 1e7 },
      clientShare: 0.5,
      dedupe: { windowMs: 600_000, requests: 1_000 },
    } as const;
    const begin = { settings, rules: RULES, groupState: this.#groupState, processAgeMs: 0, dataId: this.#dataId };
    return new WriterThread({ kind: "start", ...begin }, (message) => this.said.push(message));
  }

  /** Sends a batch as its own group and flushes it; whether it was committed. */
  send(entries: readonly Entry[], key = 0): boolean {
    const isCommitted = this.sendUnflushed(entries, key);
    this.writer.receive({ kind: "flush" });
    return isCommitted;
  }

  /** As `send`, but a group in the redo log stays there. */
  sendUnflushed(entries: readonly Entry[], key = 0): boolean {
    const { group } = this.group([this.#nextGroup], [bodyOf(entries, key)], { keyIndexes: [key] });
    return this.said.some((message) => message.kind === "committed" && message.group === group);
  }

  /** Sends a group of these bodies, or one that was withdrawn; by default each is of the first key. */
  group(
    numbers: readonly number[],
    texts: readonly string[],
    rest: Partial<GroupMessage> = {},
    isWithdrawn = false,
  ): GroupMessage {
    const message: GroupMessage = {
      kind: "group",
      group: this.#nextGroup++,
      numbers,
      bodies: texts,
      protocols: texts.map(() => "enqueue"),
      keyIndexes: texts.map(() => 0),
      receivedAt: texts.map(() => Date.now()),
      bytes: texts.map(() => 100),
      senders: texts.map(() => "sender"),
      origins: texts.map(() => ORIGIN),
      routes: texts.map(() => "/api/v1/enqueue"),
      idempotencyKeys: texts.map(() => null),
      admitted: 0,
      reportsChecked: this.#durability === "memory",
      disconnected: [],
      answeredUpTo: 0,
      ...rest,
    };
    Atomics.store(this.#groupState, 0, isWithdrawn ? GROUP_STATE.withdrawn : GROUP_STATE.posted);
    this.writer.receive(message);
    return message;
  }

  /** Asks for a change and waits for its outcome. */
  async change(request: ChangeRequest): Promise<ChangeOutcome> {
    const outcome = this.begin(request);
    await untilTrue("the change has an outcome", () => outcome() !== undefined, 20_000);
    return outcome() as ChangeOutcome;
  }

  /** Asks for a change; the outcome is undefined until there is one. */
  begin(request: ChangeRequest): () => ChangeOutcome | undefined {
    const number = this.#nextChange++;
    this.writer.receive({ kind: "change", number, request });
    return () => {
      const answer = this.said.find((message) => message.kind === "changed" && message.number === number);
      return answer?.kind === "changed" ? answer.outcome : undefined;
    };
  }

  /** The figures that the writer sent last. */
  snapshot(): StoreSnapshot {
    const snapshots = this.said.flatMap((message) => ("snapshot" in message ? (message.snapshot ?? []) : []));
    return snapshots.at(-1) as StoreSnapshot;
  }
}

/** A body with one of the keys. */
export function bodyOf(entries: readonly Entry[], key = 0): string {
  return JSON.stringify({ key: KEY_TEXTS[key], source: RULES.keys[key]?.type, entries });
}

/** Gives `work` a writer on a new data file, and closes it afterwards. */
export async function withWriter(
  work: (stage: WriterStage) => void | Promise<void>,
  durability: Durability = "write",
): Promise<void> {
  await withFolder(async (folder) => {
    const stage = new WriterStage(folder, durability);
    try {
      await work(stage);
    } finally {
      stage.writer.close();
    }
  });
}
