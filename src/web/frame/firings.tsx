// Loads when alerts fired, for the charts of the chosen scope, where there are rules. Renders nothing.

import { useEffect, useMemo } from "preact/hooks";
import { useAlertHistory } from "../api/alert_history.ts";
import { useServer } from "../api/server_context.ts";
import { useApp, useScope } from "../state/app_context.ts";
import { firingsOf, isOfProject } from "../state/firings.ts";
import { hasRange } from "../state/time_range.ts";

/** How often those of a relative range are refreshed, in ms. */
const POLL_MS = 30_000;

/** One for the whole app. */
export function Firings() {
  const { firings, router } = useApp();
  const { alerts } = useServer();
  const { project } = useScope();
  const address = router.address.value;
  const rules = alerts.state.value.value?.rules ?? [];
  const hasRules = rules.some((rule) => isOfProject(rule, project));
  const isWanted = hasRules && hasRange(address) && address.page !== "alerts";
  const { query } = useAlertHistory(isWanted, POLL_MS);
  const found = query.state.value.value;
  const shown = useMemo(
    () => (isWanted ? firingsOf(found?.entries ?? [], rules, project) : []),
    [isWanted, found, alerts.state.value.value, project],
  );
  useEffect(() => {
    firings.value = shown;
  }, [firings, shown]);
  return null;
}
