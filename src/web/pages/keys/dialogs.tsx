// The dialogs to add, edit and revoke a key pair. The server writes its configuration file and answers once the change is
// in force. Where it cannot write the file, and for those who want to, they show what to write by hand.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useMemo } from "preact/hooks";
import type { CreatedPair, KeyPair } from "../../../core/account_responses.ts";
import type { KeyPart } from "../../../core/key_changes.ts";
import { useServer } from "../../api/server_context.ts";
import { useChange } from "../../api/use_change.ts";
import { Button } from "../../components/button.tsx";
import { CodeBlock, Field } from "../../components/form.tsx";
import { Notice, ProblemNotice } from "../../components/notice.tsx";
import { Dialog } from "../../components/overlays.tsx";
import { KEYS_PATH, StillTried, triesOf } from "./changes.tsx";
import {
  createCommand,
  draftProblems,
  editCommand,
  newKey,
  type PairDraft,
  pairToml,
  revokeCommand,
  revokeToml,
} from "./config_text.ts";

interface DialogProps {
  /** Why the server cannot write its file; null: it can. */
  readonly obstacle: string | null;
  /** Loads the list again. */
  readonly refresh: () => void;
  readonly onClose: () => void;
}

interface CreateDialogProps extends DialogProps {
  /** Names of the existing pairs. */
  readonly names: readonly string[];
  readonly projects: readonly string[];
  readonly project: string;
}

const KINDS: readonly (readonly [PairDraft["kinds"], string])[] = [
  ["both", "server and client"],
  ["server", "server only"],
  ["client", "client only"],
];

/** A form that adds a pair, or shows the command and the lines that do. */
export function CreateDialog({ names, projects, project, obstacle, refresh, onClose }: CreateDialogProps) {
  const change = useChange<CreatedPair>(refresh);
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
  const create = () => {
    const { name, project, kinds, rate } = draft;
    const origins = kinds === "server" ? [] : draft.origins;
    const body = { name, ...(project && { project }), key: kinds, origins, ...(rate && { rate: Number(rate) }) };
    void change.send({ method: "POST", path: KEYS_PATH, body });
  };
  if (change.done !== undefined) return <CreatedDialog created={change.done} onClose={onClose} />;
  return (
    <Dialog
      title="Add a pair of keys"
      onClose={onClose}
      actions={
        obstacle === null ? (
          <Button tone="primary" isDisabled={!isReady || change.isBusy} onPress={create}>
            {change.isBusy ? "Adding…" : "Add the pair"}
          </Button>
        ) : (
          <Button onPress={onClose}>Done</Button>
        )
      }
    >
      <div class="form-fields">
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
      {change.problem === undefined ? null : <ProblemNotice problem={change.problem} />}
      {isReady ? (
        <ByHand obstacle={obstacle}>
          <CodeBlock label={IN_TERMINAL} text={createCommand(draft)} />
          <CodeBlock label="Or at the end of simplelogs.toml" text={pairToml(draft, keys)} />
          <p class="hint">
            The command creates its own keys and prints them once. The keys in the lines above were created in this
            browser and are stored nowhere: copy them now. A running server applies the change within a second.
          </p>
        </ByHand>
      ) : (
        <p class="muted">Fill in the form.</p>
      )}
    </Dialog>
  );
}

/** The new keys, in force. They are shown once. */
function CreatedDialog({ created, onClose }: { readonly created: CreatedPair; readonly onClose: () => void }) {
  const { pair, server, client } = created;
  return (
    <Dialog title="The pair is in force" onClose={onClose} actions={<Button onPress={onClose}>Done</Button>}>
      <p class="keys-name" role="status">
        The running server takes the keys of <b>{pair.name}</b> now. Copy them: they are shown once.
      </p>
      {server === null ? null : <CodeBlock label="Server key" text={server} />}
      {client === null ? null : <CodeBlock label="Client key" text={client} />}
    </Dialog>
  );
}

const IN_TERMINAL = "In a terminal, in the folder of the configuration file";

/** What to do where the server cannot write its file; hidden at first where it can. */
function ByHand({ obstacle, children }: { readonly obstacle: string | null; readonly children: ComponentChildren }) {
  if (obstacle === null) {
    return (
      <details class="by-hand">
        <summary>By hand</summary>
        {children}
      </details>
    );
  }
  return (
    <>
      <Notice tone="info">{obstacle}. So it is done by hand:</Notice>
      {children}
    </>
  );
}

interface PairDialogProps extends DialogProps {
  readonly pair: KeyPair;
}

/** Changes the origins and the rate of a pair. */
export function EditDialog({ pair, obstacle, refresh, onClose }: PairDialogProps) {
  const { name, client } = pair;
  const change = useChange<KeyPair>(refresh);
  const originsText = useSignal(pair.origins.join(" "));
  const rate = useSignal(pair.rate === null ? "" : String(pair.rate));
  const origins = originsText.value.split(/[\s,]+/).filter((origin) => origin !== "");
  const kinds = client === null ? "server" : "both";
  const draft = { name, project: "", kinds, origins, rate: rate.value.trim() } as const;
  const problems = draftProblems(draft, []);
  const body = {
    name,
    ...(client === null ? {} : { origins }),
    rate: draft.rate === "" ? null : Number(draft.rate),
  };
  const save = () => void change.send({ method: "PATCH", path: KEYS_PATH, body });
  const isReady = problems.origins === undefined && problems.rate === undefined;
  const isDone = change.done !== undefined;
  return (
    <Dialog
      title={`Edit ${name}`}
      onClose={onClose}
      actions={
        isDone || obstacle !== null ? (
          <Button onPress={onClose}>Done</Button>
        ) : (
          <Button tone="primary" isDisabled={!isReady || change.isBusy} onPress={save}>
            {change.isBusy ? "Saving…" : "Save"}
          </Button>
        )
      }
    >
      {isDone ? (
        <p role="status">The running server uses the new settings now.</p>
      ) : (
        <>
          <div class="form-fields">
            {client === null ? null : (
              <Field label="Origins of pages that may use the client key" problem={problems.origins} isWide>
                <textarea
                  class="field code"
                  rows={3}
                  spellcheck={false}
                  value={originsText.value}
                  onInput={(event) => {
                    originsText.value = event.currentTarget.value;
                  }}
                />
              </Field>
            )}
            <Field label="Entries per second, empty for no limit" problem={problems.rate}>
              <input
                class="field"
                inputMode="decimal"
                value={rate.value}
                onInput={(event) => {
                  rate.value = event.currentTarget.value;
                }}
              />
            </Field>
          </div>
          {change.problem === undefined ? null : <ProblemNotice problem={change.problem} />}
          {isReady ? (
            <ByHand obstacle={obstacle}>
              <CodeBlock label={IN_TERMINAL} text={editCommand(draft)} />
            </ByHand>
          ) : null}
        </>
      )}
    </Dialog>
  );
}

const PARTS: readonly (readonly [KeyPart, string])[] = [
  ["both", "Both keys"],
  ["client", "Only the client key"],
  ["server", "Only the server key"],
];

/** Revokes a pair, or one of its keys, once its name is typed; then it says whether the key is still tried. */
export function RevokeDialog({ pair, obstacle, refresh, onClose }: PairDialogProps) {
  const { name } = pair;
  const { api } = useServer();
  const change = useChange<KeyPair>(refresh);
  const part = useSignal<KeyPart>("both");
  const typed = useSignal("");
  const before = useSignal(0);
  const isTyped = typed.value.trim() === name.trim();
  const hasBoth = pair.server !== null && pair.client !== null;
  const revoke = async () => {
    if (!isTyped || change.isBusy) return;
    const tried = await api.get("/api/v1/refusals", { limit: 500 });
    before.value = tried.ok ? triesOf(tried.value.refusals, name, part.value) : 0;
    const parameters = new URLSearchParams({ name, key: part.value });
    await change.send({ method: "DELETE", path: `${KEYS_PATH}?${parameters.toString()}` });
  };
  if (change.done !== undefined) {
    return (
      <Dialog title="Revoked" onClose={onClose} actions={<Button onPress={onClose}>Done</Button>}>
        <p class="keys-name" role="status">
          The running server refuses {part.value === "both" ? "the keys" : `the ${part.value} key`} of <b>{name}</b>{" "}
          now.
        </p>
        <StillTried name={name} part={part.value} before={before.value} />
      </Dialog>
    );
  }
  return (
    <Dialog
      title="Revoke a pair of keys"
      onClose={onClose}
      actions={
        obstacle === null ? (
          <Button tone="danger" isDisabled={!isTyped || change.isBusy} onPress={() => void revoke()}>
            {change.isBusy ? "Revoking…" : "Revoke"}
          </Button>
        ) : (
          <Button onPress={onClose}>Done</Button>
        )
      }
    >
      <p class="keys-name">
        {hasBoth ? "The keys" : "The key"} of <b>{name}</b> will be refused. Records that they sent stay. To replace
        keys without a gap, add a second pair, switch the senders to it, and revoke this one when it is no longer used.
      </p>
      {hasBoth ? (
        <fieldset class="keys-parts">
          <legend class="visually-hidden">What to revoke</legend>
          {PARTS.map(([one, label]) => (
            <label key={one} class="check">
              <input
                type="radio"
                name="part"
                checked={part.value === one}
                onChange={() => {
                  part.value = one;
                }}
              />
              {label}
            </label>
          ))}
        </fieldset>
      ) : null}
      {obstacle === null ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void revoke();
          }}
        >
          <Field label={`Type ${name} to confirm`}>
            <input
              class="field"
              autoFocus
              autoComplete="off"
              autoCapitalize="off"
              spellcheck={false}
              value={typed.value}
              onInput={(event) => {
                typed.value = event.currentTarget.value;
              }}
            />
          </Field>
        </form>
      ) : null}
      {change.problem === undefined ? null : <ProblemNotice problem={change.problem} />}
      <ByHand obstacle={obstacle}>
        <CodeBlock label={IN_TERMINAL} text={revokeCommand(name, part.value)} />
        {part.value === "both" ? (
          <CodeBlock label="Or in the pair's table in simplelogs.toml" text={revokeToml(name)} />
        ) : (
          <p>Or remove the line of the {part.value} key from the pair's table in simplelogs.toml.</p>
        )}
        <p class="hint">A running server applies the change within a second.</p>
      </ByHand>
    </Dialog>
  );
}
