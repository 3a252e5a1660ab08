// The page's search: which timings count. Enter or leaving the field takes it over, Escape puts back what counts.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useApp } from "../../app_context.ts";
import { IconButton } from "../../components/button.tsx";

export function SearchField({ q }: { readonly q: string }) {
  const { router } = useApp();
  const typed = useSignal(q);
  useEffect(() => {
    typed.value = q;
  }, [typed, q]);
  const submit = (text: string) => router.change({ q: text.trim() });
  return (
    <div class="timings-search">
      <input
        type="text"
        class="field"
        aria-label="Search timings"
        placeholder="Search: a name, key:req-*, duration:>1s"
        data-search-field=""
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") submit(typed.value);
          else if (event.key === "Escape") typed.value = q;
        }}
        onBlur={() => submit(typed.value)}
      />
      {q === "" ? null : <IconButton icon="close" label="Clear the search" onPress={() => submit("")} />}
    </div>
  );
}
