// Where the keys stand, since nobody can read them here: the pairs that the server knows, masked, and the way to a new one. And what
// an answer other than 202 means.

import type { KeyPair } from "../../api/answers.ts";
import { CopyButton } from "../../components/copy_button.tsx";
import { Link } from "../../components/link.tsx";
import { useQuery } from "../../hooks.ts";
import { QuietView } from "./quiet_view.tsx";

const CREATE_SERVER = "simplelogs keys create first --server-only";
const CREATE_CLIENT = "simplelogs keys create first --client-only --origin http://localhost:3000";
/** The origins of a new configuration may be changed while this stands. */
const KEYS_POLL_MS = 10_000;
const PAIRS_MAX = 5;

/** `isClient`: the program is for browsers. */
export function KeysHint({ isClient }: { readonly isClient: boolean }) {
  const keys = useQuery("/api/v1/keys", {}, { pollMs: KEYS_POLL_MS });
  const command = isClient ? CREATE_CLIENT : CREATE_SERVER;
  return (
    <section class="panel overview-first-keys" aria-labelledby="overview-keys">
      <h2 id="overview-keys">Where the key is</h2>
      <p>
        In <code>simplelogs.toml</code>, under <code>[[keys]]</code>; the first start also printed it. Keys cannot be
        read here: only how they begin is shown.
      </p>
      <QuietView
        query={keys}
        isEmpty={(answer) => usable(answer.keys, isClient).length === 0}
        empty={<p class="muted">There is no {isClient ? "client" : "server"} key yet.</p>}
      >
        {(answer) => <Pairs pairs={usable(answer.keys, isClient)} isClient={isClient} />}
      </QuietView>
      {isClient ? (
        <p>
          A page may use the client key when its origin, such as <code>https://shop.example.com</code>, stands in the
          key's <code>origins</code>. A change of the file counts at once; a page that is opened as a file has no
          origin.
        </p>
      ) : null}
      <p>Where only its hash stands there, or it is lost, make a new one:</p>
      <div class="code-line">
        <code>{command}</code>
        <CopyButton text={command} label="Copy the command" />
      </div>
      <h3>Nothing arrives?</h3>
      <dl class="overview-answers">
        <div>
          <dt>202</dt>
          <dd>
            It was taken. Should it not appear, the <Link page="rejections">rejections</Link> say why.
          </dd>
        </div>
        <div>
          <dt>401</dt>
          <dd>The key is not known, or is of the other type.</dd>
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
            The body is not as it should be; <code>errors</code> says where.
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
              : `into the project ${project}`}
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
