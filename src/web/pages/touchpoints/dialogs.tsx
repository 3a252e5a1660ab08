// The changes of the list of touchpoints, and their dialogs: register, rename, delete. A dialog stays open with the
// problem when the server refuses.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useMemo } from "preact/hooks";
import type { RegisteredResponse } from "../../../core/account_responses.ts";
import { formatCountOf } from "../../../core/format.ts";
import type { Change } from "../../api/client.ts";
import { useServer } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { ProblemNotice } from "../../components/notice.tsx";
import { Dialog } from "../../components/overlays.tsx";
import { useApp } from "../../state/app_context.ts";
import type { Problem } from "../../state/query.ts";

const PATH = "/api/v1/touchpoints";

/** An existing touchpoint. */
export interface KnownName {
  readonly project: string;
  readonly name: string;
}

export interface TouchpointChanges {
  /** A change is being sent. There is one at a time. */
  readonly isBusy: boolean;
  register(project: string, name: string): Promise<Problem | undefined>;
  /** Registers all seen names of a project ("": of all), or those that contain a text. */
  registerSeen(project: string, contains: string): Promise<Problem | undefined>;
  rename(known: KnownName, to: string): Promise<Problem | undefined>;
  remove(known: KnownName): Promise<Problem | undefined>;
}

/** The changes. Each returns its problem, or undefined. `refresh` reloads the list. */
export function useTouchpointChanges(refresh: () => void): TouchpointChanges {
  const { announcer } = useApp();
  const { api } = useServer();
  const isBusy = useSignal(false);
  const changes = useMemo(() => {
    const send = async (change: Change, done: string) => {
      isBusy.value = true;
      const outcome = await api.change(change);
      isBusy.value = false;
      if (!outcome.ok) return outcome.problem;
      announcer.say(done);
      refresh();
      return undefined;
    };
    return {
      register: (project: string, name: string) =>
        send({ method: "POST", path: PATH, body: { project, name } }, `Registered ${name}`),
      registerSeen: async (project: string, contains: string) => {
        isBusy.value = true;
        const body = { ...(project === "" ? {} : { project }), ...(contains === "" ? {} : { contains }) };
        const outcome = await api.change<RegisteredResponse>({ method: "POST", path: `${PATH}/seen`, body });
        isBusy.value = false;
        if (!outcome.ok) return outcome.problem;
        const { registered, left } = outcome.value;
        announcer.say(`Registered ${formatCountOf(registered, "touchpoint")}${left === 0 ? "" : `; ${left} are left`}`);
        refresh();
        return undefined;
      },
      rename: ({ project, name }: KnownName, to: string) =>
        send({ method: "PATCH", path: PATH, body: { project, name, to } }, `Renamed ${name} to ${to}`),
      remove: ({ project, name }: KnownName) =>
        send(
          { method: "DELETE", path: `${PATH}?${new URLSearchParams({ project, name }).toString()}` },
          `Deleted ${name}`,
        ),
    };
  }, [api, announcer, refresh]);
  return { isBusy: isBusy.value, ...changes };
}

interface DialogProps {
  readonly changes: TouchpointChanges;
  readonly onClose: () => void;
  /** Called after the change. */
  readonly onDone: () => void;
}

interface RegisterProps extends DialogProps {
  readonly projects: readonly string[];
  /** The preselected project. */
  readonly project: string;
}

/** Registers a name that may not have been sent yet. */
export function RegisterDialog({ changes, onClose, onDone, projects, project }: RegisterProps) {
  const chosen = useSignal(project);
  return (
    <NameDialog
      title="Register a touchpoint"
      submit="Register"
      initial=""
      isBusy={changes.isBusy}
      send={(name) => changes.register(chosen.value, name)}
      onClose={onClose}
      onDone={onDone}
    >
      {projects.length > 1 ? (
        <label class="touchpoints-field">
          Project
          <select
            class="field"
            value={chosen.value}
            onChange={(event) => {
              chosen.value = event.currentTarget.value;
            }}
          >
            {projects.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <p class="muted">
          In project <b>{chosen.value}</b>. Records with this name already belong to it.
        </p>
      )}
    </NameDialog>
  );
}

interface SeenProps extends DialogProps {
  /** "": every project. */
  readonly project: string;
  /** Only names with this text. "": all. */
  readonly contains: string;
  /** How many names that is. */
  readonly count: number;
}

/** Registers every name that was seen: one question for all of them. */
export function RegisterSeenDialog({ changes, onClose, onDone, project, contains, count }: SeenProps) {
  const problem = useSignal<Problem | undefined>(undefined);
  const run = async () => {
    problem.value = await changes.registerSeen(project, contains);
    if (problem.value === undefined) onDone();
  };
  return (
    <Dialog
      title={`Register ${formatCountOf(count, "touchpoint")}?`}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button tone="primary" isDisabled={changes.isBusy} onPress={() => void run()}>
            Register
          </Button>
        </>
      }
    >
      <p>
        All names that were sent and are not registered
        {contains === "" ? "" : " and have "}
        {contains === "" ? null : <code>{contains}</code>}
        {contains === "" ? "" : " in them"}, {project === "" ? "of every project" : "of project "}
        {project === "" ? null : <b>{project}</b>}.
      </p>
      <p class="muted">
        A name that comes later and is none of them is marked as unregistered: perhaps it is mistyped.
      </p>
      {problem.value === undefined ? null : <ProblemNotice problem={problem.value} />}
    </Dialog>
  );
}

interface KnownProps extends DialogProps {
  readonly known: KnownName;
}

/** Renames a touchpoint of the list. Records keep their name. */
export function RenameDialog({ changes, onClose, onDone, known }: KnownProps) {
  return (
    <NameDialog
      title="Rename a touchpoint"
      submit="Rename"
      initial={known.name}
      isBusy={changes.isBusy}
      send={(name) => (name === known.name ? Promise.resolve(undefined) : changes.rename(known, name))}
      onClose={onClose}
      onDone={onDone}
    >
      <p class="muted">
        Only the list changes: records keep the name that they were sent with. If <code>{known.name}</code> is sent
        again, it reappears as unregistered.
      </p>
    </NameDialog>
  );
}

/** Deletes a touchpoint from the list. Its records stay. */
export function DeleteDialog({ changes, onClose, onDone, known }: KnownProps) {
  const problem = useSignal<Problem | undefined>(undefined);
  const remove = async () => {
    problem.value = await changes.remove(known);
    if (problem.value === undefined) onDone();
  };
  return (
    <Dialog
      title="Delete this touchpoint?"
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button tone="danger" isDisabled={changes.isBusy} onPress={() => void remove()}>
            Delete
          </Button>
        </>
      }
    >
      <p class="touchpoints-name">
        <code>{known.name}</code> <span class="muted">in project {known.project}</span>
      </p>
      <p class="muted">
        It is removed from the list. Its records stay and can still be searched. If it is sent again, it reappears as
        unregistered.
      </p>
      {problem.value === undefined ? null : <ProblemNotice problem={problem.value} />}
    </Dialog>
  );
}

interface NameDialogProps {
  readonly title: string;
  readonly submit: string;
  readonly initial: string;
  readonly isBusy: boolean;
  readonly send: (name: string) => Promise<Problem | undefined>;
  readonly onClose: () => void;
  readonly onDone: () => void;
  readonly children: ComponentChildren;
}

function NameDialog({ title, submit, initial, isBusy, send, onClose, onDone, children }: NameDialogProps) {
  const id = useId();
  const name = useSignal(initial);
  const wrong = useSignal("");
  const problem = useSignal<Problem | undefined>(undefined);
  const run = async () => {
    problem.value = undefined;
    wrong.value = nameProblem(name.value) ?? "";
    if (wrong.value !== "") return;
    problem.value = await send(name.value);
    if (problem.value === undefined) onDone();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="touchpoints-form"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <label class="touchpoints-field">
          Name
          <input
            class="field code"
            autoFocus
            value={name.value}
            placeholder="api/orders/submit"
            spellcheck={false}
            autoCapitalize="off"
            autoComplete="off"
            aria-invalid={wrong.value === "" ? undefined : true}
            aria-describedby={`${id}-wrong`}
            onInput={(event) => {
              name.value = event.currentTarget.value;
              wrong.value = "";
            }}
          />
        </label>
        <p id={`${id}-wrong`} class="field-problem" role="alert">
          {wrong.value}
        </p>
        {children}
        {problem.value === undefined ? null : <ProblemNotice problem={problem.value} />}
        <div class="dialog-actions">
          <Button onPress={onClose}>Cancel</Button>
          <button type="submit" class="button primary" disabled={isBusy}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const LENGTH_MAX = 512;

/** Why a name cannot be registered. Undefined: it can. The same rule as the server's. */
export function nameProblem(name: string): string | undefined {
  const { length } = name;
  if (length === 0) return "A touchpoint needs a name.";
  if (length > LENGTH_MAX) return `A name has at most ${LENGTH_MAX} characters; this one has ${length}.`;
  return undefined;
}
