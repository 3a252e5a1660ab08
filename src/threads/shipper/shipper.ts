// The shipper thread: reads committed blocks and sends their records to ClickHouse. It writes nothing into the data
// file: the writer does, before each batch and after it. It can be ended at any moment; the next one goes on where the
// data file says. There is one only where a cluster is configured. It erases in the cluster, too, since nothing may be
// shipped meanwhile.

import { ClickHouseClient } from "../../clickhouse/client.ts";
import { eraseShipped } from "../../clickhouse/erase.ts";
import { ClickHouseError } from "../../clickhouse/errors.ts";
import { Shipper, StateNotSaved } from "../../clickhouse/shipper.ts";
import { makeTables } from "../../clickhouse/tables.ts";
import type { ShippingState } from "../../commit/shipping_state.ts";
import { STEADY_NICE, stepBack } from "../../runtime/priority.ts";
import { listen, reply } from "../../runtime/thread.ts";
import { parseSearch } from "../../search/parser.ts";
import { BlockReader } from "../../store/block_reader.ts";
import type {
  ErasedScope,
  FromShipper,
  HistorySettings,
  ShippedErasure,
  ShipperRules,
  ToShipper,
} from "../messages.ts";
import { BlockSource } from "./block_source.ts";

/** How often the figures are sent, in ms. */
const FIGURES_EVERY_MS = 500;

let shipper: Shipper | undefined;
let history: HistorySettings | undefined;
let rules: ShipperRules = { retentionMs: new Map(), defaultRetentionMs: 0 };
const saving = new Map<number, (isSaved: boolean) => void>();
let nextSave = 1;
let sendFigures = () => {};
/** Whether the last figures said so. */
let isAllShipped = false;

function save(state: ShippingState): Promise<void> {
  const number = nextSave++;
  reply<FromShipper>({ kind: "save", number, state });
  return new Promise((resolve, reject) => {
    saving.set(number, (isSaved) => {
      saving.delete(number);
      if (isSaved) resolve();
      else reject(new StateNotSaved("the data file cannot be written"));
    });
  });
}

/** Erases in the cluster, with nothing on its way there. */
async function erase({ project, q, timeZone, from, to }: ErasedScope): Promise<ShippedErasure> {
  const parsed = parseSearch(q, timeZone);
  if (shipper === undefined || history === undefined || !parsed.ok) {
    return { isErased: false, isBegun: false, message: parsed.ok ? "it has not started" : parsed.problem.message };
  }
  let isBegun = false;
  try {
    await shipper.hold();
    const scope = { project, search: parsed.search, from, to };
    const begins = () => {
      isBegun = true;
    };
    const client = new ClickHouseClient(history);
    const erased = await eraseShipped(scope, { client, cluster: history.cluster, begins });
    return { isErased: true, ...erased };
  } catch (error) {
    if (!(error instanceof ClickHouseError || error instanceof StateNotSaved)) throw error;
    return { isErased: false, isBegun, message: error.message };
  }
}

function start({ file, history: address, state }: Extract<ToShipper, { kind: "start" }>): void {
  stepBack(STEADY_NICE);
  const log = (level: "info" | "warn" | "error", message: string) =>
    reply<FromShipper>({ kind: "log", level, message });
  history = address;
  const client = new ClickHouseClient(address);
  const one = new Shipper(
    {
      client,
      source: new BlockSource(new BlockReader(file), (message) => log("error", message)),
      node: address.node,
      retentionMsOf: (project) => rules.retentionMs.get(project) ?? rules.defaultRetentionMs,
      prepare: () => makeTables(client, address.database, { cluster: address.cluster }),
      save,
      clock: Date.now,
      monotonic: () => performance.now(),
      schedule(run, ms) {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      random: Math.random,
      log,
    },
    state,
  );
  shipper = one;
  sendFigures = () => {
    const figures = one.figures();
    isAllShipped = figures.backlogRecords === 0;
    reply<FromShipper>({ kind: "figures", figures });
  };
  // At once, too: until then nobody knows what waits from before.
  sendFigures();
  setInterval(() => sendFigures(), FIGURES_EVERY_MS);
  one.run().catch((error: unknown) => {
    // A broken invariant, or the data file: the thread ends, and another one takes over.
    setTimeout(() => {
      throw error;
    }, 0);
  });
}

listen<ToShipper>((message) => {
  switch (message.kind) {
    case "start":
      rules = message.rules;
      start(message);
      break;
    case "rules":
      rules = message.rules;
      break;
    case "advance":
      shipper?.advance();
      // Nobody may be told any longer that all is shipped.
      if (isAllShipped) sendFigures();
      break;
    case "erase":
      void erase(message.scope).then((outcome) => reply<FromShipper>({ kind: "erased", outcome }));
      break;
    case "release":
      shipper?.release();
      break;
    case "saved":
      saving.get(message.number)?.(message.isSaved);
      break;
  }
});
