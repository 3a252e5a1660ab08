// Two weeks of a shop, up to now: what it logged and timed, made from a seed. There is something to find out in it:
//
// - Four hours ago a build went live. Since then searches take four times as long, and most payments through the
//   gateway "pay-2", which only the region eu-west-1 has, fail after 30 seconds.
// - The customer u_123 tried to pay three times within the last hour.
// - A nightly import that takes two minutes has been running for nine hours.
// - The staff's blog is a project of its own and has touchpoints of the same names.

import type { Entry, Source } from "../../../src/core/entry.ts";
import { DAY_MS } from "../../../src/core/limits.ts";
import { integer, pick, type Random, seededRandom } from "../../../test/support/random.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export const DAYS = 14;

/** What there is to find. Times in ms before now. */
export const FACTS = {
  deployedMsAgo: 4 * HOUR_MS,
  /** The build that went live then, and the one before. */
  build: "482",
  buildBefore: "481",
  slowTouchpoint: "api/search",
  failingTouchpoint: "ext/payments/authorize",
  failingRegion: "eu-west-1",
  failingGateway: "pay-2",
  customer: "u_123",
  stuckTouchpoint: "job/catalog/import",
  stuckKey: "import-catalog-today",
  stuckMsAgo: 9 * HOUR_MS,
} as const;

export type ProjectName = "shop" | "blog";

/** One entry, where it goes, and who sends it. */
export interface ExampleEntry {
  readonly project: ProjectName;
  readonly source: Source;
  readonly entry: Entry;
}

export interface TwoWeeks {
  readonly seed: number;
  /** The end of the two weeks, in Unix ms. */
  readonly now: number;
  /** How many requests the shop answers on an average day. */
  readonly requestsADay: number;
}

interface Visit {
  readonly at: number;
  readonly user: string;
  readonly trace: string;
  readonly region: string;
  readonly gateway: string;
  readonly build: string;
}

const PRODUCTS = ["lamp", "chair", "desk", "kettle", "bicycle bell", "rain coat", "tent", "notebook"];
const REGIONS = ["eu-west-1", "eu-west-1", "eu-west-1", "us-east-1", "us-east-1"];
/** Requests in each hour of a UTC day, as a share of the busiest. */
const HOURS = [2, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 8, 8, 9, 9, 9, 8, 8, 9, 10, 9, 7, 5, 3];
const HOURS_MAX = 10;
const HOURS_MEAN = HOURS.reduce((sum, share) => sum + share, 0) / HOURS.length;

/** All entries, hour by hour from the oldest; within an hour in no order. */
export function* twoWeeks({ seed, now, requestsADay }: TwoWeeks): Generator<ExampleEntry, void> {
  const random = seededRandom(seed);
  const shop = new Shop(random, now);
  const start = now - DAYS * DAY_MS;
  for (let hourStart = start; hourStart < now; hourStart += HOUR_MS) {
    const share = HOURS[new Date(hourStart).getUTCHours()] as number;
    // A little more from day to day.
    const growth = 0.8 + (0.4 * (hourStart - start)) / (DAYS * DAY_MS);
    const requests = Math.round(((requestsADay / 24) * share * growth) / HOURS_MEAN);
    const lengthMs = Math.min(HOUR_MS, now - hourStart);
    for (let request = 0; request < requests; request++) yield* shop.visit(hourStart + random() * lengthMs);
    yield* shop.background(hourStart, share / HOURS_MAX);
  }
  yield* shop.customer();
  yield* shop.stuck();
}

class Shop {
  readonly #random: Random;
  readonly #now: number;
  #visits = 0;

  constructor(random: Random, now: number) {
    this.#random = random;
    this.#now = now;
  }

  /** One request, most of them harmless. */
  *visit(at: number): Generator<ExampleEntry, void> {
    const chance = this.#random();
    const visit = this.#newVisit(at, `u_${100 + integer(this.#random, 899)}`);
    if (chance < 0.45) yield* this.#search(visit);
    else if (chance < 0.75) yield* this.#product(visit);
    else if (chance < 0.85) yield* this.#login(visit);
    else yield* this.#checkout(visit);
  }

  /** What goes on beside the requests of an hour. */
  *background(hourStart: number, share: number): Generator<ExampleEntry, void> {
    const random = this.#random;
    const day = new Date(hourStart).toISOString().slice(0, 10);
    if (new Date(hourStart).getUTCHours() === 2) yield* this.#imports(hourStart, day);
    for (let minute = 0; minute < 60; minute += 15) {
      const at = hourStart + minute * MINUTE_MS;
      if (at >= this.#now) return;
      const host = `web-${1 + integer(random, 3)}`;
      yield shop({
        touchpoint: "job/queue/heartbeat",
        level: "debug",
        message: `queue has ${integer(random, Math.round(40 * share) + 1)} jobs`,
        timestamp: at,
        metadata: { host },
      });
      if (random() < 0.2)
        yield shop({
          touchpoint: "db/pool",
          level: "warn",
          message: `connection pool is at ${80 + integer(random, 19)} %`,
          timestamp: at + integer(random, MINUTE_MS),
          metadata: { host },
        });
      yield { ...shop(timing("api/login", at, 20 + integer(random, 60), `blog-${at}`)), project: "blog" };
      if (random() < 0.1)
        yield {
          ...shop({ touchpoint: "api/login", level: "warn", message: "wrong password", timestamp: at + 1_000 }),
          project: "blog",
        };
    }
    yield* this.#deploys(hourStart);
  }

  /** The last hour of one customer, in order. */
  *customer(): Generator<ExampleEntry, void> {
    const steps: readonly [minutesAgo: number, (visit: Visit) => Generator<ExampleEntry, void>][] = [
      [52, (visit) => this.#login(visit)],
      [50, (visit) => this.#search(visit)],
      [47, (visit) => this.#product(visit)],
      [40, (visit) => this.#checkout(visit, true)],
      [31, (visit) => this.#checkout(visit, true)],
      [12, (visit) => this.#checkout(visit, true)],
    ];
    for (const [minutesAgo, step] of steps) {
      const visit = this.#newVisit(this.#now - minutesAgo * MINUTE_MS, FACTS.customer);
      yield* step({ ...visit, region: FACTS.failingRegion, gateway: FACTS.failingGateway });
    }
  }

  /** A start whose end does not come. */
  *stuck(): Generator<ExampleEntry, void> {
    yield shop({
      touchpoint: FACTS.stuckTouchpoint,
      key: FACTS.stuckKey,
      startTime: this.#now - FACTS.stuckMsAgo,
      metadata: { file: "catalog.csv", rows: 48_211, host: "worker-2" },
    });
  }

  #newVisit(at: number, user: string): Visit {
    const random = this.#random;
    const number = ++this.#visits;
    const region = pick(random, REGIONS);
    return {
      at,
      user,
      trace: (number * 2_654_435_761).toString(16).padStart(16, "0").slice(-16) + hex(random, 16),
      region,
      gateway: region === FACTS.failingRegion && random() < 0.5 ? FACTS.failingGateway : "pay-1",
      build: this.#isAfterDeploy(at) ? FACTS.build : FACTS.buildBefore,
    };
  }

  #isAfterDeploy(at: number): boolean {
    return at > this.#now - FACTS.deployedMsAgo;
  }

  *#search(visit: Visit): Generator<ExampleEntry, void> {
    const random = this.#random;
    const word = pick(random, PRODUCTS);
    const duration = spread(random, 60) * (this.#isAfterDeploy(visit.at) ? 4 : 1);
    yield span(visit, FACTS.slowTouchpoint, 0, duration, "1", undefined, { query: word });
    yield span(visit, "db/products/find", 4, duration * 0.8, "2", "1", { rows: integer(random, 40) });
    yield log(visit, FACTS.slowTouchpoint, duration, "info", `search for "${word}": ${integer(random, 40)} results`);
  }

  *#product(visit: Visit): Generator<ExampleEntry, void> {
    const random = this.#random;
    const id = 1_000 + integer(random, 400);
    const duration = spread(random, 35);
    yield span(visit, "api/products/[id]", 0, duration, "1", undefined, { productId: id });
    yield span(visit, "db/products/get", 3, duration * 0.6, "2", "1", { productId: id });
    if (random() < 0.02) yield log(visit, "api/products/[id]", duration, "warn", `product ${id} is not there`);
    const render = spread(random, 300);
    yield {
      ...shop(timing("web/product", visit.at - render, render, undefined, { region: visit.region, path: `/p/${id}` })),
      source: "client",
    };
  }

  *#login(visit: Visit): Generator<ExampleEntry, void> {
    const random = this.#random;
    const duration = spread(random, 80);
    yield span(visit, "api/login", 0, duration, "1");
    if (random() < 0.05) yield log(visit, "api/login", duration, "warn", `wrong password for ${visit.user}`);
    else yield log(visit, "api/login", duration, "info", `${visit.user} signed in`);
  }

  *#checkout(visit: Visit, fails?: boolean): Generator<ExampleEntry, void> {
    const random = this.#random;
    const order = `ord_${hex(random, 8)}`;
    const cents = 500 + integer(random, 20_000);
    const isHit = visit.gateway === FACTS.failingGateway && this.#isAfterDeploy(visit.at);
    const isFailing = fails ?? (isHit ? random() < 0.7 : random() < 0.004);
    const insert = spread(random, 15);
    const authorize = isFailing ? 29_900 + random() * 150 : spread(random, 180);
    const total = 12 + insert + authorize + spread(random, 8);
    const more = { orderId: order, gateway: visit.gateway };
    yield log(visit, "api/checkout", 2, "info", `checkout of ${order} for ${(cents / 100).toFixed(2)} EUR`, more);
    yield span(visit, "api/checkout", 0, total, "1", undefined, { ...more, status: isFailing ? 502 : 200 });
    yield span(visit, "db/orders/insert", 6, insert, "2", "1", { orderId: order });
    yield span(visit, FACTS.failingTouchpoint, 10 + insert, authorize, "3", "1", more);
    const end = 10 + insert + authorize;
    if (isFailing) {
      const message = `payment provider answered 504 after ${Math.round(authorize)} ms`;
      yield log(visit, FACTS.failingTouchpoint, end, "error", message, more);
      yield log(visit, "api/checkout", total, "error", `checkout of ${order} failed: payment not authorised`, more);
      return;
    }
    yield log(visit, "api/checkout", total, "info", `order ${order} placed`, more);
    yield span(visit, "job/mail/send", total + 40, spread(random, 400), "4", "1", { orderId: order });
  }

  *#imports(hourStart: number, day: string): Generator<ExampleEntry, void> {
    const random = this.#random;
    const duration = 100_000 + random() * 30_000;
    if (hourStart + duration > this.#now - FACTS.stuckMsAgo) return;
    const metadata = { file: "catalog.csv", rows: 47_000 + integer(random, 1_000), host: "worker-2" };
    yield shop(timing(FACTS.stuckTouchpoint, hourStart, duration, `import-catalog-${day}`, metadata));
    // Smaller ones, so that its percentiles are worth something.
    for (let part = 1; part <= 6; part++)
      yield shop(
        timing(FACTS.stuckTouchpoint, hourStart + part * 200_000, 60_000 + random() * 60_000, `import-${day}-${part}`),
      );
  }

  /** One every second day, and the last. */
  *#deploys(hourStart: number): Generator<ExampleEntry, void> {
    const last = this.#now - FACTS.deployedMsAgo;
    const back = (last - hourStart) / DAY_MS;
    const times = Math.round(back / 2);
    const at = last - times * 2 * DAY_MS;
    if (times < 0 || at < hourStart || at >= hourStart + HOUR_MS) return;
    const build = `${Number(FACTS.build) - times}`;
    yield shop({
      touchpoint: "deploy/shop",
      level: "info",
      message: `build ${build} is live`,
      timestamp: at,
      metadata: { build, by: pick(this.#random, ["ada", "grace", "linus"]) },
    });
  }
}

function shop(entry: Entry): ExampleEntry {
  return { project: "shop", source: "server", entry };
}

/** A timing of its visit, `offset` ms after the visit's start. */
function span(
  visit: Visit,
  touchpoint: string,
  offset: number,
  duration: number,
  spanId: string,
  parentSpanId?: string,
  metadata: object = {},
): ExampleEntry {
  const ids = parentSpanId === undefined ? { spanId } : { spanId, parentSpanId };
  return shop(timing(touchpoint, visit.at + offset, duration, visit.trace, { ...shared(visit), ...ids, ...metadata }));
}

function log(
  visit: Visit,
  touchpoint: string,
  offset: number,
  level: NonNullable<Entry["level"]>,
  message: string,
  metadata: object = {},
): ExampleEntry {
  return shop({
    touchpoint,
    key: visit.trace,
    level,
    message,
    timestamp: Math.round(visit.at + offset),
    metadata: { ...shared(visit), ...metadata },
  });
}

function timing(touchpoint: string, startTime: number, length: number, key?: string, metadata?: object): Entry {
  const [start, duration] = [Math.round(startTime), Math.round(length * 10) / 10];
  return {
    touchpoint,
    startTime: start,
    endTime: start + duration,
    duration,
    ...(key !== undefined && { key }),
    ...(metadata !== undefined && { metadata: { ...metadata } }),
  };
}

function shared({ user, region, build }: Visit) {
  return { user, region, build };
}

/** Around `middle` ms, with a long tail to the right. */
function spread(random: Random, middle: number): number {
  const tail = random() < 0.02 ? 2 + random() * 3 : 1;
  return middle * (0.6 + 0.8 * random()) * tail;
}

function hex(random: Random, length: number): string {
  return Array.from({ length }, () => integer(random, 15).toString(16)).join("");
}
