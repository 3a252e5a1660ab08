// What can be done to the list of touchpoints: each change gives its problem, or undefined when it is done.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Change } from "../../api/client.ts";
import type { Problem } from "../../api/outcome.ts";
import { useApp } from "../../app_context.ts";

const PATH = "/api/v1/touchpoints";

/** A touchpoint that is known. */
export interface KnownName {
  readonly project: string;
  readonly name: string;
}

export interface TouchpointChanges {
  /** Whether a change is on its way: one at a time. */
  readonly isBusy: boolean;
  register(project: string, name: string): Promise<Problem | undefined>;
  rename(known: KnownName, to: string): Promise<Problem | undefined>;
  remove(known: KnownName): Promise<Problem | undefined>;
}

/** `renew` asks for the list anew. */
export function useTouchpointChanges(renew: () => void): TouchpointChanges {
  const { api, announcer } = useApp();
  const isBusy = useSignal(false);
  const changes = useMemo(() => {
    const send = async (change: Change, done: string) => {
      isBusy.value = true;
      const outcome = await api.change(change);
      isBusy.value = false;
      if (!outcome.ok) return outcome.problem;
      announcer.say(done);
      renew();
      return undefined;
    };
    return {
      register: (project: string, name: string) =>
        send({ method: "POST", path: PATH, body: { project, name } }, `Registered ${name}`),
      rename: ({ project, name }: KnownName, to: string) =>
        send({ method: "PATCH", path: PATH, body: { project, name, to } }, `Renamed ${name} to ${to}`),
      remove: ({ project, name }: KnownName) =>
        send(
          { method: "DELETE", path: `${PATH}?${new URLSearchParams({ project, name }).toString()}` },
          `Deleted ${name}`,
        ),
    };
  }, [api, announcer, renew]);
  return { isBusy: isBusy.value, ...changes };
}
