// The records around one record in place of a search: what they share with it is chosen above them.

import { useMemo } from "preact/hooks";
import { useServer } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { Notice } from "../../components/notice.tsx";
import { useApp, useParameter, useScope } from "../../state/app_context.ts";
import { OrderButton } from "./order.tsx";
import { RecordView } from "./record_view.tsx";
import {
  findSurroundings,
  NEAR_CLOSED,
  NEAR_RECORDS,
  type Place,
  parseNear,
  parseShared,
  SHARED_FIELDS,
} from "./surroundings.ts";
import { useRecords } from "./use_records.ts";

/** The surroundings of the record that the address names. */
export function SurroundingsView() {
  const { router } = useApp();
  const [near] = useParameter("near");
  const place = parseNear(near);
  const leave = () => router.change(NEAR_CLOSED);
  const leaving = { action: { label: "Back to the search", run: leave } };
  if (place !== undefined) return <Surroundings place={place} onLeave={leave} />;
  return (
    <Notice tone="warn" {...leaving}>
      The link does not name a record.
    </Notice>
  );
}

function Surroundings({ place, onLeave }: { readonly place: Place; readonly onLeave: () => void }) {
  const { api } = useServer();
  const { project } = useScope();
  const [same, setSame] = useParameter("same");
  const [order] = useParameter("order");
  const shared = parseShared(same);
  const isOldestFirst = order === "asc";
  const parameters = useMemo(() => ({ ...place, same, order, project }), [place.time, place.id, same, order, project]);
  const records = useRecords({
    parameters,
    isFollowing: false,
    isPaused: false,
    timeMin: undefined,
    fetchPage: (_cursor, _limit, signal) =>
      findSurroundings((asked) => api.get("/api/v1/entries", asked, signal), {
        place,
        shared,
        isOldestFirst,
        project,
      }),
  });
  const { list, isStale } = records;
  const at = list.indexOf(place.id);
  const record = at === -1 ? undefined : list.recordAt(at);
  const isGone = list.isReady && list.problem === undefined && !isStale && record === undefined;
  const toggle = (field: string) => {
    const rest = shared.filter((one) => one !== field);
    setSame((rest.length < shared.length ? rest : [...shared, field]).join(","), "replace");
  };
  return (
    <>
      <div class="logs-toolbar">
        <p class="logs-near">
          {`The ${NEAR_RECORDS} records before and after record ${place.id}`}
          {record === undefined ? "" : `, of project ${record.project}`}
        </p>
        {SHARED_FIELDS.map((field) => (
          <Button
            key={field}
            isPressed={shared.includes(field)}
            isDisabled={record?.[field] === undefined && !shared.includes(field)}
            title={record?.[field] ?? `The record has no ${field}`}
            onPress={() => toggle(field)}
          >
            {`Same ${field}`}
          </Button>
        ))}
        <OrderButton />
        <Button icon="search" onPress={onLeave}>
          Back to the search
        </Button>
      </div>
      {isGone ? <Notice tone="warn">Record {place.id} does not exist, or was deleted.</Notice> : null}
      <div class="logs-body">
        <RecordView records={records} />
      </div>
    </>
  );
}
