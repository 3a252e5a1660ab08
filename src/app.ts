// The composition root: lock, store and worker (their thread), queue, readers, syslog, HTTP, in this order, and the
// reverse to stop. Everything that `serve` does beside talking to a person is here; end-to-end tests start the same.

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { listen } from "#runtime/listen.ts";
import { AlertSwitch } from "./alerts/switch.ts";
import { readRuleText, ruleContextOf } from "./config/alert_rule_text.ts";
import { clusterOf } from "./config/clickhouse.ts";
import { createKeyChanges } from "./config/key_changes.ts";
import type { LoadResult } from "./config/load.ts";
import { formatProblem } from "./config/problem.ts";
import { diffSettings, watchSettings } from "./config/reload.ts";
import { clientQuotaOf, DEFAULT_PROJECT, type Settings } from "./config/settings.ts";
import type { ApiKey } from "./core/batch.ts";
import { systemClock } from "./core/clock.ts";
import type { Source } from "./core/entry.ts";
import { OperatingError } from "./core/errors.ts";
import type { ThreadName } from "./core/telemetry.ts";
import { AllowedHosts, createHostGuard } from "./http/access/hosts.ts";
import { KeyLookup, type KnownKey } from "./http/access/keys.ts";
import { createSessionSaver, Sessions } from "./http/access/sessions.ts";
import type { AccessSettings } from "./http/access/settings.ts";
import { viewersOf } from "./http/access/viewer.ts";
import { createHttpApp } from "./http/app.ts";
import { ServerMetrics } from "./http/base/metrics.ts";
import { ENQUEUE_PATH } from "./http/base/routes.ts";
import { Admission } from "./http/ingest/admission.ts";
import { EnqueueEndpoint } from "./http/ingest/enqueue.ts";
import { ProtocolEndpoint } from "./http/protocols/endpoint.ts";
import { directPosts, protocolPosts } from "./http/protocols/routes.ts";
import type { LiveKey } from "./ingest/rules.ts";
import type { Log } from "./log/log.ts";
import type { ReadRules } from "./query/scan/scope.ts";
import { KeyIndexes } from "./queue/group.ts";
import { loadAppFiles } from "./runtime/assets.ts";
import { loadClientLibrary } from "./runtime/client_library.ts";
import { Connections } from "./runtime/contract/connections.ts";
import { type DataLock, lockData } from "./store/lock.ts";
import { type ListenerTable, SyslogListeners, timeout } from "./syslog/listeners.ts";
import { Pipeline } from "./threads/main/pipeline.ts";
import { Readers } from "./threads/main/readers.ts";
import { Shipping } from "./threads/main/shipping.ts";
import type { HistorySettings, ShipperRules, WriterRules } from "./threads/messages.ts";

/** How long open requests may take once the server stops, in ms; with the pipeline's own bound, 10 s in all. */
const STOP_GRACE_MS = 2_000;

/** A batch of syslog messages takes at most this part of the queue, so that others find room beside it. */
const SYSLOG_QUEUE_SHARE = 4;

/** How long a start waits for the data file, in ms; then another server has it. */
const LOCK_MS_MAX = 2_000;
const LOCK_EVERY_MS = 20;

const NOT_RELOADED = "the configuration was not reloaded: the one before stays in force";

/** A running server. */
export interface RunningServer {
  /** What it listens on, without a slash at the end: the port is the real one where 0 was asked for. */
  readonly url: string;
  /** Loads the configuration again, as SIGHUP does. */
  reload(): Promise<void>;
  /** Takes no new connections, commits everything that was accepted, and ends. Within 10 s. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly settings: Settings;
  /** What the command line sets instead of the file; a reload leaves it alone. */
  readonly overrides?: Partial<Pick<Settings, "host" | "port" | "data">>;
  /** fileFingerprint of the configuration, taken before it was loaded, so a change during the start is noticed. */
  readonly configFingerprint?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly version: string;
  /** Called with each configuration that a reload has put in force. */
  readonly reloaded?: (settings: Settings) => void;
  /** Other modules in the place of the threads': tests put ones there that die. */
  readonly threads?: Readonly<Partial<Record<ThreadName, URL>>>;
  /** Seconds after which a thread with nothing to do is ended, 1 or more; tests make it short. */
  readonly idleTicks?: number | undefined;
}

/** `listenAddress`: of the listener, which no reload changes. */
function accessOf(settings: Settings, listenAddress: string, before: AccessSettings | undefined): AccessSettings {
  const keys: KnownKey[] = [];
  const revokedKeys: KnownKey[] = [];
  for (const { name, project, serverSha256, clientSha256, origins, rate, revoked } of settings.keys) {
    const list = revoked ? revokedKeys : keys;
    const add = (sha256: string | undefined, apiKey: ApiKey) => {
      if (sha256 !== undefined) list.push({ sha256, apiKey });
    };
    add(serverSha256, { name, project, type: "server", origins: [], rate });
    add(clientSha256, { name, project, type: "client", origins, rate });
  }
  const { trustedProxies } = settings;
  const isSame = before !== undefined && before.trustedProxies.join() === trustedProxies.join();
  return {
    keys: new KeyLookup(keys, revokedKeys, before?.keys),
    bodyBytesMax: settings.bodyBytesMax,
    entriesMax: settings.entriesMax,
    trustedProxies: isSame ? before.trustedProxies : trustedProxies,
    hosts: new AllowedHosts({ listenAddress, listed: settings.hosts }),
    adminTokenSha256: settings.adminTokenSha256,
    readers: settings.readers,
    metricsOpen: settings.metricsOpen,
    durability: settings.storage.durability,
    storageBytesMax: settings.storage.bytesMax,
    pairs: settings.keys,
  };
}

function rulesOf(settings: Settings, keys: KeyIndexes): WriterRules {
  const live: LiveKey[] = [];
  for (const { name, project, serverSha256, clientSha256, origins, rate, revoked } of settings.keys) {
    const add = (type: Source, sha256: string | undefined) => {
      if (sha256 === undefined) return;
      const index = keys.of({ name, project, type });
      if (!revoked) live.push({ index, sha256, origins: type === "client" ? origins : [], rate });
    };
    add("server", serverSha256);
    add("client", clientSha256);
  }
  return {
    keys: keys.all(),
    live,
    entriesMax: settings.entriesMax,
    projects: Object.fromEntries(
      Object.entries(settings.projects).map(([name, project]) => {
        return [name, { ...project, clientEntries: clientQuotaOf(settings, name) }];
      }),
    ),
    defaultProject: DEFAULT_PROJECT,
    bytesMax: settings.storage.bytesMax,
    unusedProjects: settings.unusedProjects,
  };
}

/** @param timeoutMs of the settings with which the process began: it stays in force. */
function readRulesOf({ projects, markers }: Settings, timeoutMs: number): ReadRules {
  return { projects: { ...projects }, defaultProject: DEFAULT_PROJECT, markers, timeoutMs };
}

function historyOf({ clickhouse }: Settings): HistorySettings | undefined {
  return clickhouse === undefined ? undefined : clusterOf(clickhouse);
}

function shipperRulesOf({ projects }: Settings): ShipperRules {
  const retentionMs = new Map(Object.entries(projects).map(([name, one]) => [name, one.retentionMs]));
  return { retentionMs, defaultRetentionMs: DEFAULT_PROJECT.retentionMs };
}

async function readTls({ tls }: Pick<Settings, "tls">): Promise<{ cert: string; key: string } | undefined> {
  if (tls === undefined) return undefined;
  const [cert, key] = await Promise.all([readFile(tls.cert, "utf8"), readFile(tls.key, "utf8")]);
  return { cert, key };
}

function readSyslogTables({ syslog }: Settings): Promise<ListenerTable[]> {
  return Promise.all(syslog.map(async (table) => ({ ...table, tls: await readTls(table) })));
}

/** The live server keys, each by the name of its pair. */
function serverKeysOf({ keys }: Settings): ReadonlyMap<string, ApiKey> {
  const live = keys.filter(({ revoked, serverSha256 }) => !revoked && serverSha256 !== undefined);
  return new Map(
    live.map(({ name, project, rate }) => [name, { name, project, type: "server", origins: [], rate }] as const),
  );
}

/**
 * Waits up to LOCK_MS_MAX for the lock: a command that recovers data after a crash holds it for a moment. Throws
 * OperatingError.
 */
async function waitForLock(file: string): Promise<DataLock> {
  const giveUpAt = performance.now() + LOCK_MS_MAX;
  for (;;) {
    try {
      return lockData(file, { isFirstToOpen: true });
    } catch (error) {
      const isHeld = error instanceof OperatingError && error.code === "data_locked";
      if (!isHeld || performance.now() >= giveUpAt) throw error;
      await new Promise((wake) => setTimeout(wake, LOCK_EVERY_MS));
    }
  }
}

/** Starts the server. Throws OperatingError when it cannot, leaving nothing behind. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { environment, log, version, threads, idleTicks } = options;
  let { settings } = options;
  const lock = await waitForLock(settings.data);
  const keys = new KeyIndexes();
  const metrics: ServerMetrics = new ServerMetrics(version, (thread) =>
    thread === "reader" ? readers.isRunning : pipeline.isRunning(thread),
  );
  const { timeoutMs } = settings.timings;
  const history = historyOf(settings);
  const readers = new Readers({
    file: settings.data,
    rules: readRulesOf(settings, timeoutMs),
    history,
    readerUrl: threads?.reader ?? new URL("./threads/reader/reader.ts", import.meta.url),
    clock: () => performance.now(),
    log,
    restarted: () => metrics.countRestart("reader"),
    flushed: () => pipeline.flushed(),
    idleTicks,
  });
  const { clickhouse } = settings;
  const shipping =
    history === undefined
      ? undefined
      : new Shipping({
          file: settings.data,
          history,
          rules: shipperRulesOf(settings),
          shipperUrl: new URL("./threads/shipper/shipper.ts", import.meta.url),
          clock: () => performance.now(),
          log,
        });
  const pipeline = new Pipeline({
    settings: {
      file: settings.data,
      durability: settings.storage.durability,
      run: randomUUID(),
      timings: settings.timings,
      clientShare: settings.queue.clientShare,
      dedupe: settings.dedupe,
      decoding: { otlpResource: settings.otlp.resource },
      shipping: clickhouse && {
        keepLocalMs: clickhouse.keepLocalMs,
        backlogBytesMax: clickhouse.backlogBytesMax,
        node: clickhouse.node,
      },
    },
    shipping,
    rules: rulesOf(settings, keys),
    limits: settings.queue,
    keys,
    clock: () => performance.now(),
    log,
    observeCommit: metrics.observeCommit,
    committed: () => readers.committed(),
    restarted: metrics.countRestart,
    writerUrl: threads?.writer ?? new URL("./threads/writer/writer.ts", import.meta.url),
    compactorUrl: threads?.compactor ?? new URL("./threads/compactor/compactor.ts", import.meta.url),
    idleTicks,
  });
  const listenAddress = settings.host;
  let access = accessOf(settings, listenAddress, undefined);
  let serverKeys = serverKeysOf(settings);
  let sessions: Sessions | undefined;
  let syslog: SyslogListeners | undefined;
  let alerts: AlertSwitch | undefined;
  let listenUrl = "";
  /** What kept the last load from being put in force; empty: it was. */
  let notApplied: readonly string[] = [];
  const apply = (result: LoadResult) => {
    notApplied = [];
    if (!result.ok) {
      notApplied = result.problems.map(formatProblem);
      for (const { file, line, message } of result.problems) log("error", `${file}:${line}: ${message}`);
      log("error", NOT_RELOADED);
      return;
    }
    // Most likely a mistake, such as an empty file. Then the rest of the file is not what was meant either.
    if (result.settings.keys.length === 0) {
      const problem = `${result.settings.file}: there is no [[keys]] table (one with revoked = true would do)`;
      notApplied = [problem];
      log("error", problem);
      log("error", NOT_RELOADED);
      return;
    }
    for (const { file, line, message } of result.warnings) log("warn", `${file}:${line}: ${message}`);
    const loaded = { ...result.settings, ...options.overrides };
    const restart = diffSettings(settings, loaded);
    if (restart.length > 0) log("warn", `only a restart applies: ${restart.join(", ")}`);
    const { bodyBytesMax, entriesMax, queue, storage } = settings;
    settings = { ...loaded, bodyBytesMax, entriesMax, queue, storage };
    const before = viewersOf(access);
    access = accessOf(settings, listenAddress, access);
    const viewers = viewersOf(access);
    const isInForce = (tokenSha256: string) => viewers.some((viewer) => viewer.tokenSha256 === tokenSha256);
    if (!before.every(({ tokenSha256 }) => isInForce(tokenSha256))) void sessions?.endOthers(viewers);
    pipeline.setRules(rulesOf(settings, keys));
    shipping?.setRules(shipperRulesOf(settings));
    readers.setRules(readRulesOf(settings, timeoutMs));
    serverKeys = serverKeysOf(settings);
    syslog?.keysChanged();
    void alerts?.setSettings(settings);
    options.reloaded?.(settings);
    log("info", "configuration reloaded", { keys: settings.keys.length });
  };

  try {
    const tls = await readTls(settings);
    const [appFiles, clientLibrary] = await Promise.all([loadAppFiles(), loadClientLibrary()]);
    if (appFiles === undefined) log("warn", "there is no app at /: it was not built; scripts/build makes it");
    if (clientLibrary === undefined) log("warn", "there is no client library at /sdk/: scripts/build makes it");
    await pipeline.start();
    readers.start();
    const stopping = new AbortController();
    sessions = new Sessions({
      clock: systemClock,
      stored: pipeline.storedSessions,
      save: createSessionSaver((open) => pipeline.change({ kind: "keep_sessions", sessions: open }), log),
    });
    alerts = new AlertSwitch({
      queries: readers,
      changes: pipeline,
      readRule: (given, isKept) => readRuleText(given, isKept ? undefined : ruleContextOf(settings)),
      drained: () => pipeline.dispatcher.drained(),
      isReady: () => pipeline.readiness().ready,
      listenUrl: () => listenUrl,
      clock: systemClock,
      monotonic: () => performance.now(),
      schedule: timeout,
      log,
    });
    metrics.alerts = alerts;
    const connections = new Connections();
    const peerAddress = (request: Request) => connections.addressOf(request);
    const ingestion = { access: () => access, metrics };
    const posts = protocolPosts({ otlpBodyBytesMax: settings.otlp.bodyBytesMax });
    const admission = new Admission({
      ...ingestion,
      intake: pipeline.dispatcher,
      clock: systemClock,
      log,
      peerAddress,
      isGone: (request) => connections.isClosed(request),
      bodyBytesMax: settings.otlp.bodyBytesMax,
    });
    const enqueue = new EnqueueEndpoint(ingestion, admission);
    const protocols = new ProtocolEndpoint(ingestion, admission);
    const keyChanges = createKeyChanges({
      file: settings.file,
      environment,
      async reload() {
        await watch.reload();
        return notApplied;
      },
    });
    const app = createHttpApp({
      enqueue,
      protocols,
      protocolPosts: posts,
      refusedBatches: admission.refusedBatches,
      pipeline,
      queries: readers,
      changes: pipeline,
      keyChanges,
      sessions,
      alerts,
      peerAddress,
      clock: systemClock,
      access: () => access,
      metrics,
      log,
      version,
      stopping: stopping.signal,
      connections,
      appFiles,
      clientLibrary,
    });
    syslog = await SyslogListeners.start({
      tables: await readSyslogTables(settings),
      intake: pipeline.dispatcher,
      clock: systemClock,
      schedule: timeout,
      key: (name) => serverKeys.get(name),
      messagesMax: settings.entriesMax,
      bytesMax: settings.queue.bytes / SYSLOG_QUEUE_SHARE,
      log,
    });
    metrics.syslog = syslog;
    const refuseHost = createHostGuard({ access: () => access, clock: systemClock, metrics, log });
    const listener = await listen({
      host: settings.host,
      port: settings.port,
      tls,
      connections,
      onError: (error) => log("error", "a request could not be handled", { error: error.message }),
      fetch: (request) => refuseHost(request) ?? app.fetch(request),
      posts: Object.fromEntries(
        Object.entries({
          ...directPosts(posts, protocols),
          [ENQUEUE_PATH]: (request: Request) => enqueue.handle(request),
        }).map(([path, handle]) => [path, async (request: Request) => refuseHost(request) ?? handle(request)]),
      ),
    });
    listenUrl = listener.url;
    await alerts.setSettings(settings);
    const watch = watchSettings({
      file: settings.file,
      environment,
      fingerprint: options.configFingerprint,
      loaded: apply,
    });
    return {
      url: listener.url,
      reload: () => watch.reload(),
      async stop() {
        watch.stop();
        alerts?.stop();
        stopping.abort();
        await Promise.all([listener.stop(STOP_GRACE_MS), syslog?.stop(STOP_GRACE_MS)]);
        readers.stop();
        await pipeline.stop();
        lock.release();
      },
    };
  } catch (error) {
    alerts?.stop();
    await syslog?.stop(0);
    readers.stop();
    await pipeline.stop();
    lock.release();
    throw error;
  }
}
