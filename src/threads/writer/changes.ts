// Changes that people make, done by the writer between groups: of the list of touchpoints at once, erasures one after
// the other in short steps. In: requests with their numbers. Out: one outcome each. The ingester's state in memory
// changes with the file.

import type { EraseReport } from "../../core/account_responses.ts";
import type { AlertWrite } from "../../core/alerts.ts";
import type { ChangeOutcome, ChangeRefusalCode, ChangeRequest } from "../../core/changes.ts";
import type { Clock } from "../../core/clock.ts";
import { OperatingError } from "../../core/errors.ts";
import { TOUCHPOINTS_MAX } from "../../core/limits.ts";
import type { ViewChange } from "../../core/views.ts";
import type { Ingester } from "../../ingest/ingester.ts";
import { matchRows } from "../../query/match/evaluate.ts";
import { parseSearch } from "../../search/parser.ts";
import { isStoreError } from "../../store/database.ts";
import { eraseSteps } from "../../store/erase/erase.ts";
import type { EraseProgress } from "../../store/erase/scope.ts";
import type { StoreWriter, TouchpointChange } from "../../store/store_writer.ts";
import type { WriterRules } from "../messages.ts";

/** The project of a key that names none (contract, section 3): known from the first day on. */
const DEFAULT_PROJECT = "default";

/** How long after a step that a reader blocked the next one is tried, in ms. */
const BLOCKED_WAIT_MS = 20;

/** What the writer gives for changes. */
export interface ChangesOptions {
  readonly store: StoreWriter;
  readonly file: string;
  /** The ingester in use: after a failed commit it is another one. */
  readonly ingester: () => Ingester;
  readonly rules: () => WriterRules;
  /** Unix ms. */
  readonly clock: Clock;
  /** Added to the ids of the data file where they are shown. */
  readonly idOffset: number;
  /** Commits rows of alerts with their records. Throws SQLite's error. */
  readonly writeAlerts: (write: AlertWrite) => void;
  readonly reply: (number: number, outcome: ChangeOutcome) => void;
  /** Called where the store could not be written. */
  readonly failed: (reason: string) => void;
  /** Runs work after so many ms, and after the messages that have arrived. */
  readonly later: (work: () => void, delayMs: number) => void;
}

type EraseRequest = Extract<ChangeRequest, { readonly kind: "erase" }>;
type SeenRequest = Extract<ChangeRequest, { readonly kind: "register_seen" }>;

interface Erasure {
  readonly number: number;
  readonly project: string;
  readonly steps: Generator<EraseProgress, EraseReport>;
}

/** The changes that are being made. */
export class Changes {
  readonly #options: ChangesOptions;
  /** The first one is running. */
  #erasures: Erasure[] = [];

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** The project of the running erasure, whose blocks must not be merged now; undefined where none runs. */
  get projectInErasure(): string | undefined {
    return this.#erasures[0]?.project;
  }

  /** Makes a change, or starts an erasure. The store can be written. */
  receive(number: number, request: ChangeRequest): void {
    const { reply, failed } = this.#options;
    try {
      if (request.kind === "keep_sessions") {
        this.#options.store.saveSessions(request.sessions);
        reply(number, { ok: true });
      } else if (request.kind === "read_alerts") {
        reply(number, { ok: true, alerts: this.#options.store.alerts() });
      } else if (request.kind === "write_alerts") {
        this.#options.writeAlerts(request.write);
        reply(number, { ok: true });
      } else if (!this.#isKnown(projectOf(request))) {
        reply(number, refuse("unknown_project", `there is no project ${JSON.stringify(projectOf(request))}`));
      } else if (request.kind === "register_seen") {
        reply(number, this.#registerSeen(request));
      } else if (isViewChange(request)) {
        reply(number, this.#options.store.changeView(request, this.#options.clock()));
      } else if (request.kind === "erase") {
        this.#beginErasure(number, request);
      } else {
        reply(number, this.#changeTouchpoint(request));
      }
    } catch (error) {
      if (!isStoreError(error)) throw error;
      reply(number, unavailable(error.message));
      failed(error.message);
    }
  }

  /** Gives up all erasures: the store cannot be written any more, or the writer ends. */
  giveUp(reason: string): void {
    const erasures = this.#erasures;
    this.#erasures = [];
    for (const { number, steps } of erasures) {
      steps.return({ records: 0, blocks: 0, rejections: 0, waiting: 0 });
      this.#options.reply(number, refuse("unavailable", `not everything was erased: ${reason}; erase again`));
    }
  }

  #beginErasure(number: number, { scope, touchpointsElsewhere }: EraseRequest): void {
    const { store, file, ingester, later, reply, idOffset } = this.#options;
    const parsed = parseSearch(scope.q, scope.timeZone);
    if (!parsed.ok) {
      const { message, at } = parsed.problem;
      reply(number, { ok: false, refusal: { code: "bad_query", message, at } });
      return;
    }
    const { search } = parsed;
    const { project, from, to } = scope;
    const steps = eraseSteps({
      store,
      file,
      scope: {
        project,
        from,
        to,
        matchRows: search.kind === "all" ? undefined : (view, name) => matchRows(search, view, name),
        idOffset,
      },
      touchpointsElsewhere,
      forgetPending: (erased) => ingester().forget(erased),
      forgetTouchpoints: (names) => {
        for (const name of names) ingester().touchpoints.remove(project, name);
      },
    });
    this.#erasures.push({ number, project, steps });
    if (this.#erasures.length === 1) later(() => this.#eraseStep(), 0);
  }

  #eraseStep(): void {
    const { reply, failed, later } = this.#options;
    const [erasure] = this.#erasures;
    if (erasure === undefined) return;
    let delayMs = 0;
    try {
      const step = erasure.steps.next();
      if (step.done === true) {
        this.#endErasure();
        reply(erasure.number, { ok: true, erased: step.value });
      } else if (step.value.isBlocked) delayMs = BLOCKED_WAIT_MS;
    } catch (error) {
      if (error instanceof OperatingError) {
        this.#endErasure();
        reply(erasure.number, refuse("unavailable", error.message));
      } else if (isStoreError(error)) {
        // Gives up this erasure too.
        failed(error.message);
      } else throw error;
    }
    if (this.#erasures.length > 0) later(() => this.#eraseStep(), delayMs);
  }

  #endErasure(): void {
    this.#erasures.shift();
  }

  #isKnown(project: string | undefined): boolean {
    const { keys, projects } = this.#options.rules();
    return (
      project === undefined ||
      project === DEFAULT_PROJECT ||
      this.#options.store.projects.idOf(project) !== undefined ||
      Object.hasOwn(projects, project) ||
      keys.some((key) => key.project === project)
    );
  }

  #registerSeen({ project, contains }: SeenRequest): ChangeOutcome {
    const { store, ingester } = this.#options;
    const { names, left } = store.registerSeen(project, contains, TOUCHPOINTS_MAX);
    for (const one of names) ingester().touchpoints.add(one.project, one.name);
    return { ok: true, seen: { registered: names.length, left } };
  }

  #changeTouchpoint(request: TouchpointChange): ChangeOutcome {
    const { store, ingester, clock } = this.#options;
    const change = wellFormed(request);
    const outcome = store.changeTouchpoint(change, clock());
    if (!outcome.ok) return outcome;
    const names = ingester().touchpoints;
    if (change.kind !== "register_touchpoint") names.remove(change.project, change.name);
    if (outcome.unlisted !== undefined) names.remove(change.project, outcome.unlisted);
    if (outcome.touchpoint !== undefined) names.add(request.project, outcome.touchpoint.name);
    return outcome;
  }
}

function isViewChange(request: ChangeRequest): request is ViewChange {
  return request.kind === "save_view" || request.kind === "change_view" || request.kind === "delete_view";
}

/** The project that must be known. Undefined: none is meant. */
function projectOf(request: EraseRequest | SeenRequest | TouchpointChange | ViewChange): string | undefined {
  if (request.kind === "erase") return request.scope.project;
  return request.kind === "delete_view" ? undefined : (request.project ?? undefined);
}

/** The refusal of a change that could not be written. */
export function unavailable(reason: string): ChangeOutcome {
  return refuse("unavailable", `the data file cannot be written: ${reason}`);
}

function refuse(code: ChangeRefusalCode, message: string): ChangeOutcome {
  return { ok: false, refusal: { code, message } };
}

/** Names as records carry them: a lone surrogate is U+FFFD. */
function wellFormed(request: TouchpointChange): TouchpointChange {
  if (request.kind !== "rename_touchpoint") return { ...request, name: request.name.toWellFormed() };
  return { ...request, name: request.name.toWellFormed(), to: request.to.toWellFormed() };
}
