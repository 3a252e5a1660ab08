// The switch between the lines of a search and their patterns. The address holds the choice.

import { Button } from "../../components/button.tsx";
import { useApp, useParameter, useShortcut } from "../../state/app_context.ts";

/** The address's value of the parameter "view" for patterns; "" for lines. */
export const VIEW_PATTERNS = "patterns";

const GROUP_ID = "logs-view";

/** Two buttons, of which one is pressed. */
export function ViewSwitch() {
  const { environment, router } = useApp();
  const [view] = useParameter("view");
  const isPatterns = view === VIEW_PATTERNS;
  const show = (wanted: string) => {
    if (wanted === view) return;
    router.change({ view: wanted, open: "", live: "" });
    // The toolbar is another one.
    environment.schedule(() => document.querySelector<HTMLElement>(`#${GROUP_ID} [aria-pressed="true"]`)?.focus(), 0);
  };
  useShortcut("m", "Lines, or patterns of messages", () => show(isPatterns ? "" : VIEW_PATTERNS));
  return (
    <div id={GROUP_ID} class="button-group" role="group" aria-label="Show">
      <Button isPressed={!isPatterns} onPress={() => show("")}>
        Lines
      </Button>
      <Button
        isPressed={isPatterns}
        onPress={() => show(VIEW_PATTERNS)}
        title="Messages grouped by what stays the same in them"
      >
        Patterns
      </Button>
    </div>
  );
}
