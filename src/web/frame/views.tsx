// Saved views: the list in the navigation, and the dialog that saves, renames and deletes them and copies a link to what
// is shown now.

import { useSignal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { SavedView } from "../../core/views.ts";
import type { Change } from "../api/client.ts";
import { useMayChange, useServer } from "../api/server_context.ts";
import { Button, CopyButton, IconButton } from "../components/button.tsx";
import { Icon } from "../components/icon.tsx";
import { AddressLink } from "../components/link.tsx";
import { ProblemNotice } from "../components/notice.tsx";
import { Dialog } from "../components/overlays.tsx";
import { QueryView } from "../components/query_view.tsx";
import { useApp, useScope, useShortcut } from "../state/app_context.ts";
import type { Problem } from "../state/query.ts";
import { formatAddress } from "../state/router.ts";
import { addressOf, linkAddress, viewAddress } from "../state/shared_address.ts";
import { hasRange } from "../state/time_range.ts";

const PATH = "/api/v1/views";
const NAME_LENGTH_MAX = 80;
/** How often the list is refreshed, in ms: others save views, too. */
const POLL_MS = 60_000;

/** Keeps the list of views fresh: those of the chosen project and everybody's. */
export function useViews(): void {
  const { api, views, refreshes } = useServer();
  const { project } = useScope();
  useEffect(() => {
    views.start((signal) => api.get(PATH, project === "" ? {} : { project }, signal), POLL_MS);
    return () => views.stop();
  }, [api, views, project]);
  useEffect(() => {
    if (refreshes.value > 0) views.refresh();
  }, [views, refreshes.value]);
}

/** The views in the navigation. */
export function ViewLinks() {
  const { views } = useServer();
  const { value } = views.state.value;
  if (value === undefined || value.views.length === 0) return null;
  return (
    <section class="navigation-views" aria-labelledby="navigation-views">
      <h2 id="navigation-views">Views</h2>
      <ul>
        {value.views.map((view) => (
          <li key={view.id}>
            <ViewLink view={view} class="navigation-link" />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ViewLinkProps {
  readonly view: SavedView;
  readonly class: string;
  readonly onOpen?: () => void;
}

function ViewLink({ view, class: className, onOpen }: ViewLinkProps) {
  const { router } = useApp();
  const { range } = useScope();
  const isShown = viewAddress(router.address.value, range) === view.address;
  return (
    <AddressLink
      address={addressOf(view.address)}
      class={className}
      title={view.project === null ? view.name : `${view.name}, of project ${view.project}`}
      current={isShown ? "true" : undefined}
      onOpen={onOpen}
    >
      <Icon name="view" />
      <span class="view-name">{view.name}</span>
      {view.project === null ? null : <span class="view-project">{view.project}</span>}
    </AddressLink>
  );
}

/** The header's buttons: a link to what is shown now, and the dialog of the views. */
export function ViewButtons() {
  const { announcer, router, environment } = useApp();
  const { range } = useScope();
  const isOpen = useSignal(false);
  const isCopied = useSignal(false);
  const link = () => {
    const address = router.address.peek();
    return location.origin + linkAddress(address, range, hasRange(address), environment.clock());
  };
  const open = () => {
    isOpen.value = true;
  };
  useEffect(() => {
    if (!isCopied.value) return undefined;
    return environment.schedule(() => {
      isCopied.value = false;
    }, COPIED_MS);
  }, [isCopied.value]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link());
      isCopied.value = true;
      announcer.say("Copied a link to what is shown now");
    } catch {
      // Without a clipboard: the dialog shows the link.
      open();
    }
  };
  useShortcut("v", "Views: open, save, share", open, "Anywhere");
  useShortcut("c", "Copy a link to what is shown now", () => void copy(), "Anywhere");
  return (
    <>
      <span class="wide-only">
        <IconButton
          icon={isCopied.value ? "check" : "link"}
          label="Copy a link to what is shown now"
          onPress={() => void copy()}
        />
      </span>
      <IconButton icon="view" label="Views" onPress={open} />
      {isOpen.value ? (
        <ViewsDialog
          link={link()}
          onClose={() => {
            isOpen.value = false;
          }}
        />
      ) : null}
    </>
  );
}

/** How long the check mark is shown, in ms. */
const COPIED_MS = 1_500;

/** Sends a change of the views. Returns why it failed; undefined: it is done, and the list is fresh soon. */
function useViewChange(): (change: Change, done: string) => Promise<Problem | undefined> {
  const { announcer } = useApp();
  const { api, views } = useServer();
  return async (change, done) => {
    const outcome = await api.change(change);
    if (!outcome.ok) return outcome.problem;
    announcer.say(done);
    views.refresh();
    return undefined;
  };
}

function ViewsDialog({ link, onClose }: { readonly link: string; readonly onClose: () => void }) {
  const { views } = useServer();
  const mayChange = useMayChange();
  const id = useId();
  return (
    <Dialog title="Views" onClose={onClose}>
      {mayChange ? <SaveForm /> : null}
      <section class="views-section">
        <label for={`${id}-link`}>A link to what is shown now, with its times and the open record</label>
        <span class="views-line">
          <input
            id={`${id}-link`}
            class="field code"
            readOnly
            value={link}
            onFocus={(event) => event.currentTarget.select()}
          />
          <CopyButton text={link} label="Copy the link" />
        </span>
      </section>
      <section class="views-section">
        <h3>Saved views</h3>
        <QueryView
          query={views}
          isEmpty={(response) => response.views.length === 0}
          empty={<p class="muted">None yet. A view keeps a page with its search, columns and relative time range.</p>}
        >
          {(response) => (
            <ul class="views-list">
              {response.views.map((view) => (
                <ViewRow key={view.id} view={view} onOpen={onClose} />
              ))}
            </ul>
          )}
        </QueryView>
      </section>
    </Dialog>
  );
}

/** Saves what is shown now. */
function SaveForm() {
  const { router } = useApp();
  const { range, project } = useScope();
  const send = useViewChange();
  const address = router.address.value;
  const isFixed = hasRange(address) && range.kind === "between";
  return (
    <section class="views-section">
      <NameForm
        label="Save what is shown now as"
        submit="Save view"
        name=""
        owner={project === "" ? null : project}
        onSubmit={(name, owner) =>
          send(
            { method: "POST", path: PATH, body: { name, project: owner, address: viewAddress(address, range) } },
            `Saved ${name}`,
          )
        }
      />
      {isFixed ? (
        <p class="hint">Its fixed time range is not saved: the view will show the last hour. A link keeps it.</p>
      ) : null}
    </section>
  );
}

interface NameFormProps {
  readonly label: string;
  readonly submit: string;
  readonly name: string;
  readonly owner: string | null;
  readonly onSubmit: (name: string, owner: string | null) => Promise<Problem | undefined>;
  readonly onCancel?: () => void;
}

/** A view's name, and whose it is. Stays open with the problem when the server refuses. */
function NameForm({ label, submit, name, owner, onSubmit, onCancel }: NameFormProps) {
  const { usage } = useServer();
  const id = useId();
  const text = useSignal(name);
  const chosen = useSignal(owner ?? "");
  const problem = useSignal<Problem | undefined>(undefined);
  const isBusy = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (onCancel !== undefined) field.current?.select();
  }, []);
  const { value } = usage.state.value;
  const projects = new Set([...(value?.storage ?? []), ...(value?.usage ?? [])].map((row) => row.project));
  if (owner !== null) projects.add(owner);
  const save = async (event: Event) => {
    event.preventDefault();
    const wanted = text.value.trim();
    if (wanted === "" || isBusy.value) {
      field.current?.focus();
      return;
    }
    isBusy.value = true;
    problem.value = await onSubmit(wanted, chosen.value === "" ? null : chosen.value);
    isBusy.value = false;
    if (problem.value === undefined && onCancel === undefined) text.value = "";
    if (problem.value !== undefined) field.current?.focus();
  };
  return (
    <form class="views-form" onSubmit={(event) => void save(event)}>
      <label for={`${id}-name`}>{label}</label>
      <span class="views-line">
        <input
          ref={field}
          id={`${id}-name`}
          class="field"
          maxLength={NAME_LENGTH_MAX}
          autoComplete="off"
          placeholder="A name"
          value={text.value}
          aria-invalid={problem.value === undefined ? undefined : true}
          onInput={(event) => {
            text.value = event.currentTarget.value;
            problem.value = undefined;
          }}
        />
        <label class="visually-hidden" for={`${id}-owner`}>
          Whose view it is
        </label>
        <select
          id={`${id}-owner`}
          class="field"
          value={chosen.value}
          onChange={(event) => {
            chosen.value = event.currentTarget.value;
          }}
        >
          <option value="">Everybody's</option>
          {[...projects].toSorted().map((project) => (
            <option key={project} value={project}>
              {`Of ${project}`}
            </option>
          ))}
        </select>
        <button type="submit" class="button primary" disabled={isBusy.value}>
          {submit}
        </button>
        {onCancel === undefined ? null : <Button onPress={onCancel}>Cancel</Button>}
      </span>
      {problem.value === undefined ? null : <ProblemNotice problem={problem.value} />}
    </form>
  );
}

type RowMode = "shown" | "renaming" | "deleting";

function ViewRow({ view, onOpen }: { readonly view: SavedView; readonly onOpen: () => void }) {
  const { id, name, project, address } = view;
  const mayChange = useMayChange();
  const mode = useSignal<RowMode>("shown");
  const problem = useSignal<Problem | undefined>(undefined);
  const row = useRef<HTMLLIElement>(null);
  const send = useViewChange();
  const path = `${PATH}/${id}`;
  const change = (next: RowMode) => {
    mode.value = next;
  };
  // The pressed button is gone: the first one of the row takes the focus.
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (!isFirst.current) row.current?.querySelector<HTMLElement>("input, [data-first], a")?.focus();
    isFirst.current = false;
  }, [mode.value]);
  const remove = async () => {
    problem.value = await send({ method: "DELETE", path }, `Deleted ${name}`);
    if (problem.value === undefined) row.current?.closest("dialog")?.querySelector("input")?.focus();
  };
  return (
    <li ref={row} class="views-row">
      {mode.value === "renaming" ? (
        <NameForm
          label={`Rename ${name}`}
          submit="Rename"
          name={name}
          owner={project}
          onSubmit={async (wanted, owner) => {
            const refused = await send(
              { method: "PATCH", path, body: { name: wanted, project: owner } },
              `Renamed ${name} to ${wanted}`,
            );
            if (refused === undefined) change("shown");
            return refused;
          }}
          onCancel={() => change("shown")}
        />
      ) : mode.value === "deleting" ? (
        <span class="views-line">
          <span class="view-name">Delete {name} for everybody who uses it?</span>
          <button type="button" class="button plain" data-first="" onClick={() => change("shown")}>
            Keep
          </button>
          <Button tone="danger" onPress={() => void remove()}>
            Delete
          </Button>
        </span>
      ) : (
        <span class="views-line">
          <ViewLink view={view} class="views-link" onOpen={onOpen} />
          <CopyButton
            text={location.origin + formatAddress(addressOf(address))}
            label={`Copy the address of ${name}`}
          />
          {mayChange ? (
            <>
              <IconButton icon="edit" label={`Rename ${name}`} onPress={() => change("renaming")} />
              <IconButton icon="trash" label={`Delete ${name}`} onPress={() => change("deleting")} />
            </>
          ) : null}
        </span>
      )}
      {problem.value === undefined ? null : <ProblemNotice problem={problem.value} />}
    </li>
  );
}
