// A pipeline with real threads on a data file of its own, as the composition root makes it, without HTTP.

import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApiKey, BatchOutcome, Durability, IncomingBatch } from "../../src/core/batch.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { ShownRecord } from "../../src/core/record.ts";
import { exportLines } from "../../src/query/stream/export.ts";
import { KeyIndexes } from "../../src/queue/group.ts";
import { BlockReader } from "../../src/store/block_reader.ts";
import { Pipeline, type PipelineLog } from "../../src/threads/main/pipeline.ts";

const SOURCE = new URL("../../src/threads/", import.meta.url);
const KEY: ApiKey = { name: "shop", project: "default", type: "server", origins: [], rate: undefined };
const KEY_TEXT = "sk_0123456789abcdef";
const DAY_MS = 86_400_000;

export interface PipelineParts {
  /** Below the test's own folder. */
  readonly file?: string;
  readonly durability?: Durability;
  /** Batches that the queue holds. */
  readonly queueRequests?: number;
  readonly writerUrl?: URL;
  readonly compactorUrl?: URL;
  /** Called when something was committed. */
  readonly committed?: () => void;
}

export class TestPipeline {
  readonly folder = mkdtempSync(join(tmpdir(), "simplelogs-pipeline-"));
  readonly file: string;
  readonly logged: string[] = [];
  /** The threads that were started again, in that order. */
  readonly restarted: string[] = [];
  readonly pipeline: Pipeline;

  constructor(parts: PipelineParts = {}) {
    const { file = "data.db", durability = "sync", queueRequests = 10_000, writerUrl, compactorUrl, committed } = parts;
    this.file = join(this.folder, file);
    const keys = new KeyIndexes();
    keys.of(KEY);
    const log: PipelineLog = (level, message) => this.logged.push(`${level}: ${message}`);
    this.pipeline = new Pipeline({
      settings: {
        file: this.file,
        durability,
        run: "test",
        timings: { timeoutMs: 3_600_000, orphanGraceMs: 60_000, openMax: 100, openBytesMax: 1_000_000 },
        clientShare: 0.5,
        dedupe: { windowMs: 600_000, requests: 10_000 },
      },
      rules: {
        keys: keys.all(),
        live: [{ index: 0, sha256: hash("sha256", KEY_TEXT, "hex"), origins: [], rate: undefined }],
        entriesMax: 10_000,
        projects: {},
        defaultProject: { retentionMs: 30 * DAY_MS, monthlyEntries: undefined, overage: "continue" },
        bytesMax: 1e9,
      },
      limits: { requests: queueRequests, bytes: 10_000_000, clientShare: 0.5 },
      keys,
      clock: () => performance.now(),
      log,
      observeCommit: () => undefined,
      committed: committed ?? (() => undefined),
      restarted: (thread) => this.restarted.push(thread),
      writerUrl: writerUrl ?? new URL("writer/writer.ts", SOURCE),
      compactorUrl: compactorUrl ?? new URL("compactor/compactor.ts", SOURCE),
    });
  }

  /** Pushes a batch of logs with these messages. */
  async send(...messages: string[]): Promise<BatchOutcome> {
    return this.sendEntries(messages.map((message) => ({ message })));
  }

  async sendEntries(entries: readonly Entry[]): Promise<BatchOutcome> {
    const text = JSON.stringify({ key: KEY_TEXT, source: "server", entries });
    const batch: IncomingBatch = {
      body: text,
      protocol: "enqueue",
      bytes: text.length,
      apiKey: KEY,
      origin: null,
      route: "/api/v1/enqueue",
      idempotencyKey: undefined,
      isDisconnected: () => false,
      sender: "test",
      receivedAt: Date.now(),
    };
    const answer = this.pipeline.dispatcher.push(batch);
    if ("refused" in answer) throw new Error(`refused: ${answer.refused}`);
    const outcome = await answer;
    await this.pipeline.flushed();
    return outcome;
  }

  records(): ShownRecord[] {
    const reader = new BlockReader(this.file);
    const expiredBefore = () => Number.NEGATIVE_INFINITY;
    const filter = { project: undefined, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, expiredBefore };
    const onDamaged = (block: { readonly id: number }, reason: string) => {
      throw new Error(`block ${block.id}: ${reason}`);
    };
    try {
      const lines = [...exportLines(reader, { filter, lineOf: JSON.stringify, onDamaged })].flat();
      return lines.map((line) => JSON.parse(line) as ShownRecord);
    } finally {
      reader.close();
    }
  }

  /** The messages of all records, in their order. */
  messages(): (string | undefined)[] {
    return this.records().map((record) => record.message);
  }
}

/** Starts a pipeline, gives it to `work`, and stops and removes everything afterwards. */
export async function withPipeline<T>(parts: PipelineParts, work: (test: TestPipeline) => Promise<T>): Promise<T> {
  const test = new TestPipeline(parts);
  try {
    await test.pipeline.start();
    return await work(test);
  } catch (error) {
    console.error(`the pipeline's log:\n${test.logged.join("\n")}`);
    throw error;
  } finally {
    await test.pipeline.stop();
    rmSync(test.folder, { recursive: true, force: true });
  }
}
