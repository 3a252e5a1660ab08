// Which project everything is shown for: the browser's own list, since it works everywhere. A project in the address that
// the server does not know is listed as well, so that the choice on show is the one in force.

import { useApp } from "../app_context.ts";
import { useParameter } from "../hooks.ts";

export function ProjectPicker() {
  const { usage } = useApp();
  const [project, setProject] = useParameter("project");
  const { value } = usage.state.value;
  const names = new Set([...(value?.storage ?? []), ...(value?.usage ?? [])].map((row) => row.project));
  if (project !== "") names.add(project);
  return (
    <label class="project-picker">
      <span class="visually-hidden">Project</span>
      <select class="field" title="Project" value={project} onChange={(event) => setProject(event.currentTarget.value)}>
        <option value="">All projects</option>
        {[...names].toSorted().map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
