// The top of the frame: what everything is shown for, and what concerns the whole app.

import { useApp } from "../app_context.ts";
import { IconButton } from "../components/button.tsx";
import { Link } from "../components/link.tsx";
import { useShortcut } from "../hooks.ts";
import { BrandMark } from "./front_page.tsx";
import { ProjectPicker } from "./project_picker.tsx";
import { RANGE_BUTTON, RangePicker } from "./range_picker.tsx";

interface HeaderProps {
  readonly onHelp: () => void;
  readonly onSignOut: () => void;
}

export function Header({ onHelp, onSignOut }: HeaderProps) {
  const { refreshes, announcer } = useApp();
  const refresh = () => {
    refreshes.value++;
    announcer.say("Refreshing");
  };
  useShortcut("r", "Refresh", refresh, "Anywhere");
  useShortcut("t", "Choose the time range", () => focusPopover(RANGE_BUTTON), "Anywhere");
  return (
    <header class="header">
      <Link page="overview" class="brand">
        <BrandMark /> <span class="brand-name">SimpleLogs</span>
      </Link>
      <div class="header-scope">
        <ProjectPicker />
        <RangePicker />
        <IconButton icon="refresh" label="Refresh" onPress={refresh} />
      </div>
      <div class="header-end">
        <IconButton icon="help" label="Keyboard shortcuts" onPress={onHelp} />
        <IconButton icon="exit" label="Sign out" onPress={onSignOut} />
      </div>
    </header>
  );
}

function focusPopover(id: string): void {
  document.querySelector<HTMLElement>(`[data-popover="${id}"]`)?.click();
}
