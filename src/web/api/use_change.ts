// A change that a button sends: whether it is under way, and how it ended.

import { useSignal } from "@preact/signals";
import type { Problem } from "../state/query.ts";
import type { Change } from "./client.ts";
import { useServer } from "./server_context.ts";

/** Sends one change at a time. */
export interface Changing<T> {
  readonly isBusy: boolean;
  readonly problem: Problem | undefined;
  /** What the server answered to the last change. */
  readonly done: T | undefined;
  /** True: it is done. */
  send(change: Change): Promise<boolean>;
}

/** @param refresh called after each change: loads again what it may have changed */
export function useChange<T>(refresh: () => void): Changing<T> {
  const { api } = useServer();
  const isBusy = useSignal(false);
  const problem = useSignal<Problem | undefined>(undefined);
  const done = useSignal<T | undefined>(undefined);
  return {
    isBusy: isBusy.value,
    problem: problem.value,
    done: done.value,
    async send(change) {
      if (isBusy.value) return false;
      isBusy.value = true;
      problem.value = undefined;
      const outcome = await api.change<T>(change);
      isBusy.value = false;
      if (outcome.ok) done.value = outcome.value;
      else problem.value = outcome.problem;
      refresh();
      return outcome.ok;
    },
  };
}
