// The screens without a session: the sign-in, and the notice that reading is off. The admin token goes to the server
// and nowhere else. The browser keeps a cookie that no script can read, and a secret that no other origin can read.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { useServer } from "../api/server_context.ts";
import { CopyButton } from "../components/button.tsx";
import { Notice } from "../components/notice.tsx";

/** The sign-in form. `hasExpired`: a session has ended. */
export function SignIn({ hasExpired }: { readonly hasExpired: boolean }) {
  const { api, session, isSecure } = useServer();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const token = useSignal("");
  const problem = useSignal("");
  const isBusy = useSignal(false);
  useLayoutEffect(() => {
    document.title = "Sign in · SimpleLogs";
    field.current?.focus();
  }, []);
  const submit = async () => {
    const text = token.value.trim();
    if (text === "") {
      problem.value = "Paste a token.";
      field.current?.focus();
      return;
    }
    isBusy.value = true;
    const outcome = await api.signIn(text);
    isBusy.value = false;
    if (outcome.ok) {
      token.value = "";
      session.begin(outcome.value.secret);
      return;
    }
    problem.value = `${outcome.problem.message.replace(/\.$/, "")}.`;
    field.current?.focus();
    field.current?.select();
  };
  return (
    <FrontPage title="Sign in">
      {hasExpired ? <Notice tone="info">Your session has ended. Sign in again to continue.</Notice> : null}
      {isSecure ? null : <InsecureNotice />}
      <form
        class="sign-in-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label for={`${id}-token`}>Admin token, or a reader's</label>
        <input
          ref={field}
          id={`${id}-token`}
          class="field"
          type="password"
          name="token"
          autoComplete="current-password"
          spellcheck={false}
          required
          value={token.value}
          onInput={(event) => {
            token.value = event.currentTarget.value;
          }}
          aria-invalid={problem.value === "" ? undefined : true}
          aria-describedby={`${id}-problem ${id}-hint`}
        />
        <p id={`${id}-problem`} class="field-problem" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="button primary" disabled={isBusy.value}>
          {isBusy.value ? "Signing in…" : "Sign in"}
        </button>
        <p id={`${id}-hint`} class="hint">
          It is <code>admin_token</code> in <code>simplelogs.toml</code>, and the first start printed it once. A
          reader's token is under <code>[[readers]]</code>.
        </p>
      </form>
    </FrontPage>
  );
}

function InsecureNotice() {
  return (
    <Notice tone="warn" title="Sign-in does not work at this address. ">
      Over plain HTTP, browsers send the origin of a request only on localhost, and the server needs it to protect the
      session. Use HTTPS (a <code>[tls]</code> table, or a proxy), or open <code>http://localhost</code> through a
      tunnel:{" "}
      <code>
        ssh -L {location.port || "80"}:localhost:{location.port || "80"} {location.hostname}
      </code>
    </Notice>
  );
}

const SETTING = 'admin_token = "${SIMPLELOGS_TOKEN}"';

/** Says which setting turns reading on: no token is configured. */
export function ReadingOff() {
  useEffect(() => {
    document.title = "Reading is off · SimpleLogs";
  }, []);
  return (
    <FrontPage title="Reading is off">
      <p>
        This server accepts and stores entries. To read them, set an admin token of at least 16 characters in{" "}
        <code>simplelogs.toml</code>, above the first table:
      </p>
      <div class="code-line">
        <code>{SETTING}</code>
        <CopyButton text={SETTING} label="Copy the setting" />
      </div>
      <p class="hint">
        This line reads the token from the environment. You can also write the token itself, or its SHA-256 as{" "}
        <code>admin_token_sha256</code>. A running server applies the change.
      </p>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        Check again
      </button>
    </FrontPage>
  );
}

interface FrontPageProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

function FrontPage({ title, children }: FrontPageProps) {
  return (
    <main class="front-page">
      <div class="front-box">
        <p class="brand">
          <BrandMark /> SimpleLogs
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

/** The product's logo. */
export function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <rect width="16" height="16" rx="3.5" />
      <path d="M3.5 4.75h9M3.5 8h6M3.5 11.25h7.5" />
    </svg>
  );
}
