// The shipper thread: reads committed blocks and sends their records to ClickHouse. It writes nothing into the data
// file: the writer does, before each batch and after it. It can be ended at any moment; the next one goes on where the
// data file says. There is one only where a cluster is configured.

import { ClickHouseClient } from "../../clickhouse/client.ts";
import { Shipper, StateNotSaved } from "../../clickhouse/shipper.ts";
import { makeTables } from "../../clickhouse/tables.ts";
import type { ShippingState } from "../../commit/shipping_state.ts";
import { stepBack } from "../../runtime/priority.ts";
import { ignoreProxies } from "../../runtime/proxies.ts";
import { listen, reply } from "../../runtime/thread.ts";
import { BlockReader } from "../../store/block_reader.ts";
import type { FromShipper, ShipperRules, ToShipper } from "../messages.ts";
import { BlockSource } from "./block_source.ts";

/** How often the figures are sent, in ms. */
const FIGURES_EVERY_MS = 500;

let shipper: Shipper | undefined;
let rules: ShipperRules = { retentionMs: new Map(), defaultRetentionMs: 0 };
const saving = new Map<number, (isSaved: boolean) => void>();
let nextSave = 1;

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

function start({ file, history, state }: Extract<ToShipper, { kind: "start" }>): void {
  // What is sent to the cluster, the password among it, goes to the cluster.
  ignoreProxies();
  stepBack();
  const log = (level: "info" | "warn" | "error", message: string) =>
    reply<FromShipper>({ kind: "log", level, message });
  const client = new ClickHouseClient(history);
  const one = new Shipper(
    {
      client,
      source: new BlockSource(new BlockReader(file), (message) => log("error", message)),
      node: history.node,
      retentionMsOf: (project) => rules.retentionMs.get(project) ?? rules.defaultRetentionMs,
      prepare: () => makeTables(client, history.database, { cluster: history.cluster }),
      save,
      clock: Date.now,
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
  setInterval(() => reply<FromShipper>({ kind: "figures", figures: one.figures() }), FIGURES_EVERY_MS);
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
      break;
    case "saved":
      saving.get(message.number)?.(message.isSaved);
      break;
  }
});
