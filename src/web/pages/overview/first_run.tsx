// While nothing was ever taken: how to send a first entry, as programs with this server's address in them, and what to look at when
// none arrives. The app is told of the first entry by the live tail, and looks by itself besides.

import { useEffect, useMemo } from "preact/hooks";
import { formatCount } from "../../../core/amounts.ts";
import type { UsageAnswer } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { CopyButton } from "../../components/copy_button.tsx";
import { Link } from "../../components/link.tsx";
import { Notice } from "../../components/notice.tsx";
import { Tabs } from "../../components/tabs.tsx";
import { useParameter, useQuery } from "../../hooks.ts";
import { KeysHint } from "./keys_hint.tsx";
import { droppedEntries } from "./plan_figures.ts";
import { SNIPPET_IDS, type Snippet, snippetId, snippetsFor } from "./snippets.ts";

/** Starts that wait and entries that are dropped come by no tail: looked for so often, in ms. */
const LOOK_MS = 3_000;

export function FirstRun({ usage }: { readonly usage: UsageAnswer }) {
  const [chosen, choose] = useParameter("snippet");
  const snippets = useMemo(() => snippetsFor(window.location.origin), []);
  const selected = snippetId(chosen);
  const snippet = snippets.find(({ id }) => id === selected);
  const dropped = droppedEntries(usage);
  return (
    <div class="overview-first">
      <section class="panel overview-first-steps" aria-labelledby="overview-first">
        <h2 id="overview-first">Send your first log</h2>
        <p>Nothing has been stored yet. Take one of these, put your key in, and run it: this page changes by itself.</p>
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
            title={`${dropped === 1 ? "1 entry" : `${formatCount(dropped)} entries`} came and could not be stored. `}
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
          <span class="hint">First, in the folder of the program:</span>
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
              // The parts never change places.
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

/** Looks for the first entry; what it finds changes the page. */
function Waiting() {
  const app = useApp();
  const { usage } = app;
  const tail = useMemo(() => app.createTail(() => usage.renew()), [app, usage]);
  useEffect(() => {
    tail.start({});
    return () => tail.stop();
  }, [tail]);
  const looked = useQuery("/api/v1/usage", {}, { pollMs: LOOK_MS }).state.value.value;
  const isOther = looked !== undefined && JSON.stringify(looked) !== JSON.stringify(usage.state.value.value);
  useEffect(() => {
    if (isOther) usage.renew();
  }, [isOther, usage]);
  const problem = tail.problem.value;
  return (
    <p class="overview-waiting" role="status">
      <span class="overview-pulse" data-live={tail.state.value === "live"} aria-hidden="true" />
      {problem === undefined ? "Waiting for the first entry …" : `${problem.message} Trying again …`}
    </p>
  );
}
