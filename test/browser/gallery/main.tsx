// A page that shows the app's components with data of its own, so that each can be tried without a server. The test
// drives it.

import { useSignal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { createApp } from "../../../src/web/app.tsx";
import { Button } from "../../../src/web/components/button.tsx";
import { Chart } from "../../../src/web/components/chart.tsx";
import { Combobox } from "../../../src/web/components/combobox.tsx";
import { DataTable } from "../../../src/web/components/data_table.tsx";
import { Link } from "../../../src/web/components/link.tsx";
import { Popover } from "../../../src/web/components/overlays.tsx";
import { Tabs } from "../../../src/web/components/page.tsx";
import { buildTree, openRows, TreeCell } from "../../../src/web/components/tree.tsx";
import { Sparkline } from "../../../src/web/components/values.tsx";
import { VirtualList } from "../../../src/web/components/virtual_list.tsx";
import { AppProvider } from "../../../src/web/state/app_context.ts";

const MINUTE_MS = 60_000;
const BEGIN = Date.parse("2026-01-31T12:00:00Z");
const TIMES = Array.from({ length: 60 }, (_, index) => BEGIN + index * MINUTE_MS);
const BARS = [
  { label: "info", values: TIMES.map((_, index) => index), color: "--mark-info", kind: "bars", isStacked: true },
  { label: "error", values: TIMES.map(() => 7), color: "--mark-error", kind: "bars", isStacked: true },
] as const;

const ROWS = [
  { name: "api/orders", count: 5 },
  { name: "db", count: 90 },
  { name: "<b>cron</b>", count: null },
];
const FRUITS = ["apple", "apricot", "banana"].map((value) => ({ value, label: value, detail: value.length }));
const TREE = buildTree(["api/orders/submit", "api/users", "db"]);

/** How many rows the list begins with, and how many come in above at a press. */
const LIST_ROWS = 1_000_000;
const NEW_ROWS = 250;

function TableExample() {
  return (
    <DataTable
      label="Counts"
      rows={ROWS}
      rowKey={(row) => row.name}
      sortParameter="sort"
      sortDefault="name"
      columns={[
        {
          id: "name",
          header: "Name",
          cell: (row) => (
            <Link page="logs" parameters={{ q: row.name }}>
              {row.name}
            </Link>
          ),
          sortValue: (row) => row.name,
        },
        { id: "count", header: "Count", align: "end", cell: (row) => row.count ?? "–", sortValue: (row) => row.count },
        { id: "trend", header: "Trend", cell: () => <Sparkline label="Trend" values={[1, 2, null, 3]} /> },
      ]}
    />
  );
}

function TreeExample() {
  const open = useSignal<ReadonlySet<string>>(new Set());
  const toggle = (path: string) => {
    const next = new Set(open.value);
    if (!next.delete(path)) next.add(path);
    open.value = next;
  };
  const columns = [
    {
      id: "name",
      header: "Touchpoint",
      cell: (node: (typeof TREE)[number]) => (
        <TreeCell
          depth={node.depth}
          isOpen={node.children.length === 0 ? undefined : open.value.has(node.path)}
          onToggle={() => toggle(node.path)}
          name={node.path}
        >
          {node.label}
        </TreeCell>
      ),
    },
  ];
  const rows = openRows(TREE, (node) => open.value.has(node.path));
  return <DataTable label="Tree" rows={rows} rowKey={(node) => node.path} columns={columns} />;
}

function ListExample({ tell }: { readonly tell: (text: string) => void }) {
  const first = useSignal(0);
  return (
    <>
      <Button
        onPress={() => {
          first.value -= NEW_ROWS;
        }}
      >
        More above
      </Button>
      <div style={{ height: "300px", display: "flex" }}>
        <VirtualList
          label="Rows"
          count={LIST_ROWS - first.value}
          estimatePx={24}
          itemKey={(index) => index + first.value}
          onEndInView={() => tell("end in sight")}
          render={(index) => {
            const number = index + first.value;
            // Every tenth row is higher than was estimated.
            return <div style={number % 10 === 0 ? { height: "60px" } : {}}>row {number}</div>;
          }}
        />
      </div>
    </>
  );
}

function Gallery() {
  const told = useSignal("");
  const text = useSignal("");
  const tab = useSignal<"one" | "two">("one");
  const tell = (what: string) => {
    told.value = what;
  };
  const fruits = useSignal(FRUITS);
  useEffect(() => {
    const more = () => {
      fruits.value = [{ value: "ap", label: "ap", detail: 2 }, ...FRUITS];
    };
    addEventListener("more-fruits", more);
    return () => removeEventListener("more-fruits", more);
  }, []);
  const suggestions = useMemo(
    () => fruits.value.filter(({ value }) => value.startsWith(text.value)),
    [text.value, fruits.value],
  );
  return (
    <main>
      <h1>Gallery</h1>
      <p role="status">{told.value}</p>
      <Combobox
        label="Fruit"
        value={text.value}
        suggestions={suggestions}
        onInput={(value) => {
          text.value = value;
        }}
        onChoose={(value) => {
          text.value = value;
        }}
        onSubmit={() => tell(`submitted ${text.value}`)}
      />
      <Popover label="Actions" name="Actions">
        {(close) => (
          <Button
            onPress={() => {
              tell("copied");
              close();
            }}
          >
            Copy
          </Button>
        )}
      </Popover>
      <Tabs
        label="Views"
        tabs={[
          { id: "one", label: "First" },
          { id: "two", label: "Second" },
        ]}
        selected={tab.value}
        onSelect={(id) => {
          tab.value = id;
        }}
      >
        {`panel ${tab.value}`}
      </Tabs>
      <Chart
        label="Entries by level"
        times={TIMES}
        intervalMs={MINUTE_MS}
        series={BARS}
        format={String}
        onSelect={(from, to) => tell(`${from} ${to}`)}
      />
      <TableExample />
      <TreeExample />
      <ListExample tell={tell} />
    </main>
  );
}

const element = document.getElementById("app");
if (element !== null) {
  render(
    <AppProvider value={createApp(window)}>
      <Gallery />
    </AppProvider>,
    element,
  );
}
