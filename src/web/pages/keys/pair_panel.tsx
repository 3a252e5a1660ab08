// One pair of keys: masked, when each key was last used, and where the client key may be used from.

import { formatCount } from "../../../core/amounts.ts";
import type { KeyPair, ShownKey } from "../../api/answers.ts";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { Link } from "../../components/link.tsx";
import { Instant } from "../../components/time.tsx";
import { searchTerm } from "../touchpoints/search_term.ts";

interface PairPanelProps {
  readonly pair: KeyPair;
  readonly onRevoke: () => void;
}

export function PairPanel({ pair, onRevoke }: PairPanelProps) {
  const { name, project, server, client, origins, rate, revoked } = pair;
  return (
    <li class="panel keys-pair" data-revoked={revoked}>
      <div class="panel-head">
        <h2 class="keys-name">
          {name} {revoked ? <Badge tone="error">revoked</Badge> : null}
        </h2>
        <span class="keys-actions">
          <Link page="logs" parameters={{ project, q: searchTerm("apiKey", name) }} class="button">
            Logs<span class="visually-hidden"> of {name}</span>
          </Link>
          {revoked ? null : (
            <Button onPress={onRevoke}>
              Revoke<span class="visually-hidden"> {name}</span>
            </Button>
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
                  <Badge tone="warn">none</Badge> <span class="muted">The client key is refused from every page.</span>
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
            `${formatCount(rate)} ${rate === 1 ? "entry" : "entries"} a second, each key`
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
