// What is shown: why nobody can read, the sign-in, or the frame with a page. The address stays as it is throughout, so whoever
// signs in is where they wanted to be.

import { useApp } from "./app_context.ts";
import { Frame } from "./frame/frame.tsx";
import { ReadingOff } from "./frame/reading_off.tsx";
import { SignIn } from "./frame/sign_in.tsx";

export function AppView() {
  const { session } = useApp();
  const state = session.state.value;
  if (state === "off") return <ReadingOff />;
  if (state === "signed_out" || state === "expired") return <SignIn hasExpired={state === "expired"} />;
  return <Frame />;
}
