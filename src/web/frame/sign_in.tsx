// Signing in: the admin token once. The token goes to the server and nowhere else; what stays in the browser is a cookie that no
// script can read, and a secret that no other origin can.

import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { useApp } from "../app_context.ts";
import { Notice } from "../components/notice.tsx";
import { FrontPage } from "./front_page.tsx";

export function SignIn({ hasExpired }: { readonly hasExpired: boolean }) {
  const { api, session, isSecure } = useApp();
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
      problem.value = "Paste the admin token.";
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
      {hasExpired ? <Notice tone="info">The session has ended. Sign in again to go on where you were.</Notice> : null}
      {isSecure ? null : <InsecureNotice />}
      <form
        class="sign-in-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label for={`${id}-token`}>Admin token</label>
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
          It is <code>admin_token</code> in <code>simplelogs.toml</code>, and the first start printed it once.
        </p>
      </form>
    </FrontPage>
  );
}

function InsecureNotice() {
  return (
    <Notice tone="warn" title="Signing in cannot work at this address. ">
      Over plain http, browsers tell the server where a request comes from only on localhost, and the session is
      believed only then. Use https (a <code>[tls]</code> table, or a proxy), or open <code>http://localhost</code>{" "}
      through a tunnel:{" "}
      <code>
        ssh -L {location.port || "80"}:localhost:{location.port || "80"} {location.hostname}
      </code>
    </Notice>
  );
}
