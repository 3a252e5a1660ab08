// The order of the list: newest first, or oldest first, as the address says.

import { Button } from "../../components/button.tsx";
import { useApp, useParameter, useShortcut } from "../../state/app_context.ts";

/** The value of the parameter "order" for oldest first. Absent: newest first. */
export const OLDEST_FIRST = "asc";

/** The button and the key that turn the order. A live tail has its newest records at the top, so it ends. */
export function OrderButton() {
  const { router } = useApp();
  const [order] = useParameter("order");
  const isOldestFirst = order === OLDEST_FIRST;
  const turn = () => {
    router.change(isOldestFirst ? { order: undefined } : { order: OLDEST_FIRST, live: undefined }, "replace");
  };
  useShortcut("o", "Oldest first, or newest first", turn);
  return (
    <Button icon="follow" isPressed={isOldestFirst} onPress={turn} title="Oldest first">
      <span class="logs-order">Oldest first</span>
    </Button>
  );
}
