// The questions before the list of touchpoints is changed. A dialog stays open, with the reason, when the server refuses.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Problem } from "../../api/outcome.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { ProblemNotice } from "../../components/notice.tsx";
import type { KnownName, TouchpointChanges } from "./changes.ts";
import { nameProblem } from "./names.ts";

interface DialogProps {
  readonly changes: TouchpointChanges;
  readonly onClose: () => void;
  /** After the change. */
  readonly onDone: () => void;
}

interface RegisterProps extends DialogProps {
  readonly projects: readonly string[];
  /** Chosen at first. */
  readonly project: string;
}

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
          In project <b>{chosen.value}</b>. What was recorded under the name already belongs to it.
        </p>
      )}
    </NameDialog>
  );
}

interface KnownProps extends DialogProps {
  readonly known: KnownName;
}

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
        The list changes; records keep the name that they were sent with. If <code>{known.name}</code> is still sent, it
        comes back as unregistered.
      </p>
    </NameDialog>
  );
}

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
        It is taken off the list. Its records stay and can be searched as before. If it is still sent, it comes back as
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
