// The keys page: the key pairs, masked, with the last use of each key and the origins of client keys. Dialogs show how
// to add or revoke a pair.

import { useSignal } from "@preact/signals";
import type { KeyPair, ShownKey } from "../../../core/account_responses.ts";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import { useQuery, useUsage } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Badge, Instant } from "../../components/values.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";
import { exactTerm } from "../../state/search_text.ts";
import { CreateDialog, EditDialog, RevokeDialog } from "./dialogs.tsx";

const POLL_MS = 15_000;

export function KeysPage() {
  const { project } = useScope();
  const usage = useUsage();
  const query = useQuery("/api/v1/keys", {}, { pollMs: POLL_MS });
  const isCreating = useSignal(false);
  const chosen = useSignal<{ readonly kind: "edit" | "revoke"; readonly pair: KeyPair } | undefined>(undefined);
  const pairs = query.state.value.value?.keys ?? [];
  const projects = [...(usage.value?.storage ?? []), ...pairs].map((row) => row.project);
  const shared = { obstacle: query.state.value.value?.obstacle ?? null, refresh: query.refresh };
  const close = () => {
    chosen.value = undefined;
  };
  const add = () => {
    isCreating.value = true;
  };
  return (
    <Page
      title="Keys"
      actions={
        <Button tone="primary" icon="plus" onPress={add}>
          Add a pair
        </Button>
      }
    >
      <p class="muted">
        Keys are in the server's configuration file and are never shown here. Server keys are for your own code, client
        keys for pages in browsers. The time of last use is updated once a minute.
      </p>
      <QueryView
        query={query}
        isEmpty={({ keys }) => keys.length === 0}
        empty={
          <EmptyState title="No keys yet">
            Nothing can be sent yet. Add a pair with <code>simplelogs keys create NAME</code>, or with the button above.
          </EmptyState>
        }
      >
        {({ keys }) => (
          <Pairs
            pairs={keys}
            project={project}
            onChoose={(kind, pair) => {
              chosen.value = { kind, pair };
            }}
          />
        )}
      </QueryView>
      {isCreating.value ? (
        <CreateDialog
          names={pairs.map(({ name }) => name)}
          projects={[...new Set(projects)].toSorted()}
          project={project}
          {...shared}
          onClose={() => {
            isCreating.value = false;
          }}
        />
      ) : null}
      {chosen.value?.kind === "edit" ? <EditDialog pair={chosen.value.pair} {...shared} onClose={close} /> : null}
      {chosen.value?.kind === "revoke" ? <RevokeDialog pair={chosen.value.pair} {...shared} onClose={close} /> : null}
    </Page>
  );
}

interface PairsProps {
  readonly pairs: readonly KeyPair[];
  readonly project: string;
  readonly onChoose: (kind: "edit" | "revoke", pair: KeyPair) => void;
}

/** The pairs of the chosen project. Revoked pairs come last. */
function Pairs({ pairs, project, onChoose }: PairsProps) {
  const [, setProject] = useParameter("project");
  const shown = pairs
    .filter((pair) => project === "" || pair.project === project)
    .toSorted((a, b) => Number(a.revoked) - Number(b.revoked));
  const others = pairs.length - shown.length;
  return (
    <>
      {shown.length === 0 ? (
        <EmptyState title={`No keys of project ${project}`} />
      ) : (
        <ul class="keys-pairs" aria-label="Pairs of keys">
          {shown.map((pair) => (
            <PairPanel key={pair.name} pair={pair} onChoose={(kind) => onChoose(kind, pair)} />
          ))}
        </ul>
      )}
      {others === 0 ? null : (
        <p class="keys-others muted">
          {formatCountOf(others, "pair")} of other projects.{" "}
          <Button onPress={() => setProject("")}>Show all projects</Button>
        </p>
      )}
    </>
  );
}

interface PairPanelProps {
  readonly pair: KeyPair;
  readonly onChoose: (kind: "edit" | "revoke") => void;
}

function PairPanel({ pair, onChoose }: PairPanelProps) {
  const { name, project, server, client, origins, rate, revoked } = pair;
  return (
    <li class="panel keys-pair" data-revoked={revoked}>
      <div class="panel-head">
        <h2 class="keys-name">
          {name} {revoked ? <Badge tone="error">revoked</Badge> : null}
        </h2>
        <span class="keys-actions">
          <Link page="logs" parameters={{ project, q: exactTerm("apiKey", name) }} class="button">
            Logs<span class="visually-hidden"> of {name}</span>
          </Link>
          {revoked ? null : (
            <>
              <Button onPress={() => onChoose("edit")}>
                Edit<span class="visually-hidden"> {name}</span>
              </Button>
              <Button onPress={() => onChoose("revoke")}>
                Revoke<span class="visually-hidden"> {name}</span>
              </Button>
            </>
          )}
        </span>
      </div>
      <dl class="keys-facts">
        <dt>Project</dt>
        <dd>{project}</dd>
        <KeyFacts label="Server key" shown={server} />
        <KeyFacts label="Client key" shown={client} />
        {client === null ? null : (
          <>
            <dt>Origins</dt>
            <dd>
              {origins.length === 0 ? (
                <>
                  <Badge tone="warn">none</Badge> <span class="muted">The client key is refused on every page.</span>
                </>
              ) : (
                <ul class="keys-origins">
                  {origins.map((origin) => (
                    <li key={origin} class="code">
                      {origin}
                    </li>
                  ))}
                </ul>
              )}
            </dd>
          </>
        )}
        <dt>Rate</dt>
        <dd>
          {rate === null ? (
            <span class="muted">no limit</span>
          ) : (
            `${formatCount(rate)} ${rate === 1 ? "entry" : "entries"} per second for each key`
          )}
        </dd>
      </dl>
    </li>
  );
}

function KeyFacts({ label, shown }: { readonly label: string; readonly shown: ShownKey | null }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        {shown === null ? (
          <span class="muted">none</span>
        ) : (
          <span class="keys-key">
            <code>{shown.masked}</code>
            <span>
              <span class="muted">last used </span>
              {shown.lastUsed === null ? <b>never</b> : <Instant time={shown.lastUsed} />}
            </span>
            {shown.created === null ? null : (
              <span>
                <span class="muted">known since </span>
                <Instant time={shown.created} />
              </span>
            )}
          </span>
        )}
      </dd>
    </>
  );
}
