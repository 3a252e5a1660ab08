// No token is configured, so nobody can read: which setting turns it on.

import { useEffect } from "preact/hooks";
import { CopyButton } from "../components/copy_button.tsx";
import { FrontPage } from "./front_page.tsx";

const SETTING = 'admin_token = "${SIMPLELOGS_TOKEN}"';

export function ReadingOff() {
  useEffect(() => {
    document.title = "Reading is off · SimpleLogs";
  }, []);
  return (
    <FrontPage title="Reading is off">
      <p>
        This server takes and stores entries. To look at them, set an admin token of at least 16 characters in{" "}
        <code>simplelogs.toml</code>, above the first table:
      </p>
      <div class="code-line">
        <code>{SETTING}</code>
        <CopyButton text={SETTING} label="Copy the setting" />
      </div>
      <p class="hint">
        Here the token comes from the environment; it may also stand there itself, or as its SHA-256 in{" "}
        <code>admin_token_sha256</code>. A running server takes the change by itself.
      </p>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        Look again
      </button>
    </FrontPage>
  );
}
