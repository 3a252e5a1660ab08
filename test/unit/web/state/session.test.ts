// Whether somebody is signed in, by what the server answered.

import { describe, expect, test } from "bun:test";
import { Session } from "../../../../src/web/state/session.ts";

describe("a session", () => {
  test("that was there before is confirmed by the first answer, and expires with a 401", () => {
    const session = new Session(true);
    expect(session.state.value).toBe("unknown");
    session.confirm();
    expect(session.state.value).toBe("signed_in");
    session.lose();
    expect(session.state.value).toBe("expired");
    session.begin();
    expect(session.state.value).toBe("signed_in");
  });

  test("that was not there is signed out, which no 401 calls expired", () => {
    const session = new Session(true);
    session.lose();
    session.lose();
    expect(session.state.value).toBe("signed_out");
  });

  test("that was ended by hand does not come back with a late answer", () => {
    const session = new Session(true);
    session.begin();
    session.end();
    session.confirm();
    expect(session.state.value).toBe("signed_out");
  });

  test("cannot begin where reading is off", () => {
    const session = new Session(false);
    session.begin();
    session.confirm();
    session.lose();
    session.end();
    expect(session.state.value).toBe("off");
  });
});
