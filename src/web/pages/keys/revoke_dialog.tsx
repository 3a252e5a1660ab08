// How to make a pair's keys stop working: a command, or a line in the configuration file.

import type { KeyPair } from "../../api/answers.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { CodeBlock } from "./code_block.tsx";
import { revokeCommand, revokeToml } from "./config_text.ts";

export function RevokeDialog({ pair, onClose }: { readonly pair: KeyPair; readonly onClose: () => void }) {
  return (
    <Dialog title="Revoke a pair of keys" onClose={onClose} actions={<Button onPress={onClose}>Done</Button>}>
      <p class="keys-name">
        Both keys of <b>{pair.name}</b> are refused from then on; what they sent stays. To replace keys without a gap,
        add a second pair first, move its users over, and revoke this one when it is no longer used.
      </p>
      <CodeBlock label="In a terminal beside the configuration file" text={revokeCommand(pair.name)} />
      <CodeBlock label="Or in the pair's table of simplelogs.toml" text={revokeToml(pair.name)} />
      <p class="hint">A running server takes the change within a second.</p>
    </Dialog>
  );
}
