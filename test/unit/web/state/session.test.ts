// The session: the effect of responses and of other tabs.

import { describe, expect, test } from "bun:test";
import { createSignedFetch, Session, type SharedText } from "../../../../src/web/state/session.ts";

/** The origin's storage: what one tab writes, the others hear of, at once or later. */
class Origin {
  text: string | undefined;
  isSlow = false;
  readonly #tabs: (() => void)[] = [];
  readonly #late: (() => void)[] = [];

  /** Tells the tabs what they did not hear of yet. */
  tellAll(): void {
    this.isSlow = false;
    for (const tell of this.#late.splice(0)) tell();
  }

  tab(): SharedText {
    let watcher = () => {};
    return {
      read: () => this.text,
      write: (text) => {
        this.text = text;
        const tell = () => {
          for (const tab of this.#tabs) if (tab !== watcher) tab();
        };
        if (this.isSlow) this.#late.push(tell);
        else tell();
      },
      watch: (changed) => {
        watcher = changed;
        this.#tabs.push(changed);
      },
    };
  }
}

function sessionOf(text?: string) {
  const origin = new Origin();
  origin.text = text;
  return { origin, session: new Session(true, origin.tab()) };
}

describe("a session", () => {
  test("from an earlier visit is confirmed by the first response, and expires with a 401", () => {
    const { session } = sessionOf("secret");
    expect([session.state.value, session.secret]).toEqual(["unknown", "secret"]);
    session.confirm();
    expect(session.state.value).toBe("signed_in");
    session.lose("secret");
    expect([session.state.value, session.secret]).toEqual(["expired", undefined]);
    session.begin("another");
    expect([session.state.value, session.secret]).toEqual(["signed_in", "another"]);
  });

  test("that was there before and is no longer good has expired, also after a reload", () => {
    const { origin, session } = sessionOf("secret");
    session.lose("secret");
    expect(session.state.value).toBe("expired");
    expect(new Session(true, origin.tab()).state.value).toBe("expired");
  });

  test("that was not there is signed out, which no 401 calls expired", () => {
    const { session } = sessionOf();
    expect(session.state.value).toBe("signed_out");
    session.lose(undefined);
    expect(session.state.value).toBe("signed_out");
  });

  test("that the user ended does not return with a late response", () => {
    const { session } = sessionOf();
    session.begin("secret");
    session.end();
    session.confirm();
    session.lose("secret");
    expect(session.state.value).toBe("signed_out");
  });

  test.each(["before", "after"])("that the user ended is not called expired by a 401 in another tab, %s", (when) => {
    const origin = new Origin();
    const [one, other] = [new Session(true, origin.tab()), new Session(true, origin.tab())];
    one.begin("secret");
    if (when === "before") other.lose("secret");
    origin.isSlow = true;
    one.end();
    other.lose("secret");
    origin.tellAll();
    expect([one.state.value, other.state.value, origin.text]).toEqual(["signed_out", "signed_out", undefined]);
    expect(new Session(true, origin.tab()).state.value).toBe("signed_out");
    other.begin("another");
    other.lose("another");
    expect([one.state.value, other.state.value, origin.text]).toEqual(["expired", "expired", "ended"]);
  });

  test("cannot begin where reading is off", () => {
    const session = new Session(false, new Origin().tab());
    session.begin("secret");
    session.confirm();
    session.lose("secret");
    session.end();
    expect(session.state.value).toBe("off");
  });

  test("that begins in one tab begins in all, and ends in all, in the same way", () => {
    const origin = new Origin();
    const [one, other] = [new Session(true, origin.tab()), new Session(true, origin.tab())];
    one.begin("secret");
    expect([other.state.value, other.secret]).toEqual(["signed_in", "secret"]);
    other.end();
    expect([one.state.value, one.secret]).toEqual(["signed_out", undefined]);
    other.begin("another");
    one.lose("another");
    expect([other.state.value, other.secret]).toEqual(["expired", undefined]);
  });

  test("is not lost by a 401 to the secret of before", () => {
    const origin = new Origin();
    const [one, other] = [new Session(true, origin.tab()), new Session(true, origin.tab())];
    one.begin("old");
    other.begin("new");
    one.lose("old");
    expect([one.state.value, one.secret]).toEqual(["signed_in", "new"]);
  });
});

describe("a request", () => {
  test("carries the secret beside its own headers, and none without a session", async () => {
    const { session } = sessionOf();
    const sent: unknown[] = [];
    const fetch = createSignedFetch(async (_, init) => {
      sent.push(init.headers);
      return new Response();
    }, session);
    await fetch("/", { headers: { accept: "x" } });
    session.begin("secret");
    await fetch("/", { headers: { accept: "x" } });
    await fetch("/", {});
    expect(sent).toEqual([
      { accept: "x" },
      { accept: "x", "simplelogs-session": "secret" },
      { "simplelogs-session": "secret" },
    ]);
  });

  test("with a 401 ends the session", async () => {
    const { session } = sessionOf("secret");
    const fetch = createSignedFetch(async () => new Response(null, { status: 401 }), session);
    expect((await fetch("/", {})).status).toBe(401);
    expect(session.state.value).toBe("expired");
  });

  test("with a 401 is sent again with the new secret if another tab has signed in", async () => {
    const { origin, session } = sessionOf("old");
    const other = new Session(true, origin.tab());
    const secrets: unknown[] = [];
    const fetch = createSignedFetch(async (_, init) => {
      const { "simplelogs-session": secret } = init.headers as Record<string, string>;
      secrets.push(secret);
      if (secret === "new") return new Response("response");
      other.begin("new");
      return new Response(null, { status: 401 });
    }, session);
    expect(await (await fetch("/", {})).text()).toBe("response");
    expect([secrets, session.state.value]).toEqual([["old", "new"], "signed_in"]);
  });
});
