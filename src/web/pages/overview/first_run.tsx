// The overview before the first entry: programs that send one, with this server's address in them, and what to check
// when none arrives. The live tail reports the first entry. Polling finds open starts and dropped entries, which the
// tail does not show.

import { useEffect, useMemo } from "preact/hooks";
import type { KeyPair, UsageResponse } from "../../../core/account_responses.ts";
import { formatCount } from "../../../core/format.ts";
import { useQuery, useServer } from "../../api/server_context.ts";
import { CopyButton } from "../../components/button.tsx";
import { Link } from "../../components/link.tsx";
import { Notice } from "../../components/notice.tsx";
import { Tabs } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useParameter } from "../../state/app_context.ts";
import { droppedEntries } from "./figures.ts";
import { SNIPPET_IDS, type Snippet, snippetId, snippetsFor } from "./snippets.ts";

/** How often usage is polled for open starts and dropped entries, in ms. */
const USAGE_POLL_MS = 3_000;

/** The first-run view. It ends when `usage` has an entry. */
export function FirstRun({ usage }: { readonly usage: UsageResponse }) {
  const [chosen, choose] = useParameter("snippet");
  const snippets = useMemo(() => snippetsFor(window.location.origin), []);
  const selected = snippetId(chosen);
  const snippet = snippets.find(({ id }) => id === selected);
  const dropped = droppedEntries(usage);
  return (
    <div class="overview-first">
      <section class="panel overview-first-steps" aria-labelledby="overview-first">
        <h2 id="overview-first">Send your first log</h2>
        <p>Nothing is stored yet. Copy a program, insert your key, and run it. This page updates itself.</p>
        <Tabs
          label="Language"
          tabs={snippets}
          selected={selected}
          onSelect={(id) => choose(id === SNIPPET_IDS[0] ? "" : id, "replace")}
        >
          {snippet === undefined ? null : <SnippetBox snippet={snippet} />}
        </Tabs>
        <Waiting />
        {dropped === 0 ? null : (
          <Notice
            tone="warn"
            title={
              dropped === 1
                ? "1 entry arrived but was not stored. "
                : `${formatCount(dropped)} entries arrived but were not stored. `
            }
          >
            The <Link page="rejections">rejections</Link> say why, and what to do.
          </Notice>
        )}
      </section>
      <KeysHint isClient={selected === "browser"} />
    </div>
  );
}

function SnippetBox({ snippet }: { readonly snippet: Snippet }) {
  const { text, placeholder, hint, setup, label } = snippet;
  const parts = text.split(placeholder);
  return (
    <div class="overview-program">
      {setup === undefined ? null : (
        <>
          <span class="hint">First, in the program's folder:</span>
          <div class="code-line">
            <code>{setup}</code>
            <CopyButton text={setup} label="Copy the command to run first" />
          </div>
        </>
      )}
      <div class="overview-snippet">
        <div class="overview-snippet-head">
          <span class="hint">{hint}</span>
          <CopyButton text={text} label={`Copy the ${label} program`} />
        </div>
        <section class="overview-snippet-text" tabIndex={0} aria-label={`${label} program`}>
          <pre>
            {parts.map((part, index) => (
              // The order of the parts never changes.
              <span key={index}>
                {index === 0 ? null : <mark>{placeholder}</mark>}
                {part}
              </span>
            ))}
          </pre>
        </section>
      </div>
    </div>
  );
}

/** Waits for the first entry. Its arrival changes the page. */
function Waiting() {
  const server = useServer();
  const { usage } = server;
  const tail = useMemo(() => server.createTail(() => usage.refresh()), [server, usage]);
  useEffect(() => {
    tail.start({});
    return () => tail.stop();
  }, [tail]);
  const looked = useQuery("/api/v1/usage", {}, { pollMs: USAGE_POLL_MS }).state.value.value;
  const isOther = looked !== undefined && JSON.stringify(looked) !== JSON.stringify(usage.state.value.value);
  useEffect(() => {
    if (isOther) usage.refresh();
  }, [isOther, usage]);
  const problem = tail.problem.value;
  return (
    <p class="overview-waiting" role="status">
      <span class="overview-pulse" data-live={tail.state.value === "live"} aria-hidden="true" />
      {problem === undefined ? "Waiting for the first entry …" : `${problem.message} Trying again …`}
    </p>
  );
}

const CREATE_SERVER = "simplelogs keys create first --server-only";
const CREATE_CLIENT = "simplelogs keys create first --client-only --origin http://localhost:3000";
/** How often the keys are polled, in ms: the user may change their origins now. */
const KEYS_POLL_MS = 10_000;
const PAIRS_MAX = 5;

/** Where the keys are, and what an error response means. `isClient`: the program runs in browsers. */
function KeysHint({ isClient }: { readonly isClient: boolean }) {
  const keys = useQuery("/api/v1/keys", {}, { pollMs: KEYS_POLL_MS });
  const command = isClient ? CREATE_CLIENT : CREATE_SERVER;
  return (
    <section class="panel overview-first-keys" aria-labelledby="overview-keys">
      <h2 id="overview-keys">Where to find the key</h2>
      <p>
        In <code>simplelogs.toml</code>, under <code>[[keys]]</code>. The first start also printed it. This page shows
        only the beginning of each key.
      </p>
      <QueryView
        isSecondary
        query={keys}
        isEmpty={(response) => usable(response.keys, isClient).length === 0}
        empty={<p class="muted">There is no {isClient ? "client" : "server"} key yet.</p>}
      >
        {(response) => <Pairs pairs={usable(response.keys, isClient)} isClient={isClient} />}
      </QueryView>
      {isClient ? (
        <p>
          A page may use the client key if its origin, such as <code>https://shop.example.com</code>, is in the key's{" "}
          <code>origins</code>. The server applies changes of the file at once. A page opened as a file has no origin.
        </p>
      ) : null}
      <p>If the key is lost, or the file has only its hash, create a new one:</p>
      <div class="code-line">
        <code>{command}</code>
        <CopyButton text={command} label="Copy the command" />
      </div>
      <h3>Nothing arrives?</h3>
      <dl class="overview-responses">
        <div>
          <dt>202</dt>
          <dd>
            Accepted. If the entry does not appear, the <Link page="rejections">rejections</Link> say why.
          </dd>
        </div>
        <div>
          <dt>401</dt>
          <dd>The key is unknown, or of the wrong type.</dd>
        </div>
        <div>
          <dt>403</dt>
          <dd>
            The page's origin is not in the key's <code>origins</code>.
          </dd>
        </div>
        <div>
          <dt>422</dt>
          <dd>
            The body is invalid. <code>errors</code> says where.
          </dd>
        </div>
      </dl>
    </section>
  );
}

function usable(pairs: readonly KeyPair[], isClient: boolean): readonly KeyPair[] {
  return pairs.filter((pair) => !pair.revoked && (isClient ? pair.client : pair.server) !== null);
}

function Pairs({ pairs, isClient }: { readonly pairs: readonly KeyPair[]; readonly isClient: boolean }) {
  const further = pairs.length - PAIRS_MAX;
  return (
    <ul class="overview-pairs">
      {pairs.slice(0, PAIRS_MAX).map(({ name, project, server, client, origins }) => (
        <li key={name}>
          <strong>{name}</strong> <code>{(isClient ? client : server)?.masked}</code>
          <div class="hint">
            {isClient
              ? origins.length === 0
                ? "no origins: always refused"
                : `from ${origins.join(", ")}`
              : `project ${project}`}
          </div>
        </li>
      ))}
      {further > 0 ? (
        <li>
          <Link page="keys">{further} more</Link>
        </li>
      ) : null}
    </ul>
  );
}
