// The list of shortcuts: exactly those that are in force on the page behind it.

import { useApp } from "../app_context.ts";
import { Dialog } from "../components/dialog.tsx";

export function ShortcutHelp({ onClose }: { readonly onClose: () => void }) {
  const { shortcuts, setShortcuts } = useApp();
  const all = shortcuts.all.value;
  const groups = [...new Set(all.map((shortcut) => shortcut.group))];
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <div class="shortcut-groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl class="shortcut-list">
              {all
                .filter((shortcut) => shortcut.group === group)
                .map((shortcut) => (
                  <div key={`${shortcut.keys} ${shortcut.label}`}>
                    <dt>
                      {shortcut.keys.split(" ").map((key, index) => (
                        <kbd key={index}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{shortcut.label}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={shortcuts.areOn.value}
          onChange={(event) => setShortcuts(event.currentTarget.checked)}
        />
        Single keys work as shortcuts
      </label>
    </Dialog>
  );
}
