// The dialogs to add and revoke a key pair. They only show what to write: the configuration file holds the keys, and
// whoever may read may not create keys. New keys are made in the browser and are stored nowhere.

import { useSignal } from "@preact/signals";
import { type ComponentChildren, cloneElement, type VNode } from "preact";
import { useId, useMemo } from "preact/hooks";
import type { KeyPair } from "../../../core/account_responses.ts";
import { Button, CopyButton } from "../../components/button.tsx";
import { Dialog } from "../../components/overlays.tsx";
import {
  createCommand,
  draftProblems,
  newKey,
  type PairDraft,
  pairToml,
  revokeCommand,
  revokeToml,
} from "./config_text.ts";

interface CreateDialogProps {
  /** Names of the existing pairs. */
  readonly names: readonly string[];
  readonly projects: readonly string[];
  readonly project: string;
  readonly onClose: () => void;
}

const KINDS: readonly (readonly [PairDraft["kinds"], string])[] = [
  ["both", "server and client"],
  ["server", "server only"],
  ["client", "client only"],
];

/** A form whose settings become a command and lines of the configuration. */
export function CreateDialog({ names, projects, project, onClose }: CreateDialogProps) {
  const listId = useId();
  const name = useSignal("");
  const projectName = useSignal(project);
  const kinds = useSignal<PairDraft["kinds"]>("both");
  const originsText = useSignal("");
  const rate = useSignal("");
  const keys = useMemo(() => {
    const fill = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
    return { server: newKey("sk_", fill), client: newKey("ck_", fill) };
  }, []);
  const draft: PairDraft = {
    name: name.value.trim(),
    project: projectName.value.trim(),
    kinds: kinds.value,
    origins: originsText.value.split(/[\s,]+/).filter((origin) => origin !== ""),
    rate: rate.value.trim(),
  };
  const problems = draftProblems(draft, names);
  const isReady = Object.keys(problems).length === 0;
  return (
    <Dialog title="Add a pair of keys" onClose={onClose} actions={<Button onPress={onClose}>Done</Button>}>
      <div class="keys-form">
        <Field label="Name" problem={draft.name === "" ? undefined : problems.name}>
          <input
            class="field"
            autoFocus
            placeholder="web shop"
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
        </Field>
        <Field label="Project" problem={problems.project}>
          <input
            class="field"
            list={listId}
            placeholder="default"
            value={projectName.value}
            onInput={(event) => {
              projectName.value = event.currentTarget.value;
            }}
          />
        </Field>
        <datalist id={listId}>
          {projects.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <Field label="Keys">
          <select
            class="field"
            value={kinds.value}
            onChange={(event) => {
              kinds.value = KINDS.find(([kind]) => kind === event.currentTarget.value)?.[0] ?? "both";
            }}
          >
            {KINDS.map(([kind, label]) => (
              <option key={kind} value={kind}>
                {label}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Entries per second" problem={problems.rate}>
          <input
            class="field"
            inputMode="decimal"
            placeholder="no limit"
            value={rate.value}
            onInput={(event) => {
              rate.value = event.currentTarget.value;
            }}
          />
        </Field>
        {kinds.value === "server" ? null : (
          <Field label="Origins of pages that may use the client key" problem={problems.origins} isWide>
            <input
              class="field code"
              placeholder="https://shop.example.com https://*.example.com"
              spellcheck={false}
              value={originsText.value}
              onInput={(event) => {
                originsText.value = event.currentTarget.value;
              }}
            />
          </Field>
        )}
      </div>
      {isReady ? (
        <>
          <CodeBlock label="In a terminal, in the folder of the configuration file" text={createCommand(draft)} />
          <CodeBlock label="Or at the end of simplelogs.toml" text={pairToml(draft, keys)} />
          <p class="hint">
            The command creates its own keys and prints them once. The keys in the lines above were created in this
            browser and are stored nowhere: copy them now. A running server applies the change within a second.
          </p>
        </>
      ) : (
        <p class="muted">Fill in the form to get the command and the lines for the configuration file.</p>
      )}
    </Dialog>
  );
}

interface FieldProps {
  readonly label: string;
  readonly problem?: string | undefined;
  readonly isWide?: boolean;
  readonly children: VNode<{ readonly "aria-invalid"?: true; readonly "aria-describedby"?: string }>;
}

/** A labelled control with its error message. */
function Field({ label, problem, isWide, children }: FieldProps) {
  const id = useId();
  const control: ComponentChildren =
    problem === undefined ? children : cloneElement(children, { "aria-invalid": true, "aria-describedby": id });
  return (
    <div class={isWide === true ? "keys-field keys-wide" : "keys-field"}>
      <label>
        <span>{label}</span>
        {control}
      </label>
      <p id={id} class="field-problem" role="status">
        {problem}
      </p>
    </div>
  );
}

/** The command, or the line of the configuration, that revokes a pair. */
export function RevokeDialog({ pair, onClose }: { readonly pair: KeyPair; readonly onClose: () => void }) {
  return (
    <Dialog title="Revoke a pair of keys" onClose={onClose} actions={<Button onPress={onClose}>Done</Button>}>
      <p class="keys-name">
        Both keys of <b>{pair.name}</b> are refused from then on. Records that they sent stay. To replace keys without a
        gap, add a second pair, switch the senders to it, and revoke this one when it is no longer used.
      </p>
      <CodeBlock label="In a terminal, in the folder of the configuration file" text={revokeCommand(pair.name)} />
      <CodeBlock label="Or in the pair's table in simplelogs.toml" text={revokeToml(pair.name)} />
      <p class="hint">A running server applies the change within a second.</p>
    </Dialog>
  );
}

interface CodeBlockProps {
  /** The heading, also the accessible name. */
  readonly label: string;
  readonly text: string;
}

/** Text to copy, with a button that copies it. */
function CodeBlock({ label, text }: CodeBlockProps) {
  return (
    <div class="keys-code" role="group" aria-label={label}>
      <div class="keys-code-head">
        <span class="hint">{label}</span>
        <CopyButton text={text} label={`Copy: ${label}`} />
      </div>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}
