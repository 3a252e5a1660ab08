// Loads the markers of the chosen scope for all charts, where the configuration names any. Renders nothing.

import { useEffect } from "preact/hooks";
import { useQuery, useServer } from "../api/server_context.ts";
import { useApp, useScope } from "../state/app_context.ts";
import { hasRange } from "../state/time_range.ts";

/** How often the markers of a relative range are refreshed, in ms. */
const MARKERS_POLL_MS = 30_000;

/** One for the whole app. */
export function Markers() {
  const { markers, router } = useApp();
  const { usage } = useServer();
  const { range, parameters } = useScope();
  const isWanted = usage.state.value.value?.hasMarkers === true && hasRange(router.address.value);
  const query = useQuery("/api/v1/markers", isWanted ? parameters : undefined, {
    pollMs: range.kind === "last" ? MARKERS_POLL_MS : undefined,
  });
  const found = query.state.value.value;
  useEffect(() => {
    markers.value = (isWanted ? found?.markers : undefined) ?? [];
  }, [markers, isWanted, found]);
  return null;
}
