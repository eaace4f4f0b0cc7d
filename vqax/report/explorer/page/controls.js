// The form: its menus, what it says of the selection, and what it saves.
const form = document.getElementById("controls");
const field = (name) => form.elements.namedItem(name);
const fill = (select, entries) => select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));

const methodMenu = (name, run) =>
  fill(field(name), Object.entries(runs[run].methods).map(([key, method]) => [key, method.name]));

const sortMenu = () => {
  const all = [...measures.values()];
  const group = (label, kind) => {
    const options = all.map((measure) => new Option(measure.name, `${kind}:${measure.key}`));
    return element("optgroup", { label }, ...options);
  };
  field("sort").replaceChildren(new Option("as in the data", ""),
    group("difference of A and B, largest first", "d"), group("run A, highest first", "h"), group("run A, lowest first", "l"));
};

const outcomeMenus = () => {
  const menus = runs.map((run) => {
    const select = element("select", { name: `is.${run.name}` });
    fill(select, [["", "any"], ["right", "right"], ["partly", "partly right"], ["wrong", "wrong"]]);
    return element("label", {}, `${run.label} `, select);
  });
  document.querySelector(".outcomes").append(...menus);
};

const build = () => {
  for (const name of ["a", "b"]) fill(field(name), runs.map((run) => [run.name, run.label]));
  for (const [name, column] of [["type", data.answer_type], ["kind", data.question_type]]) {
    fill(field(name), [["", "all"], ...[...column.texts].sort().map((text) => [text, text])]);
  }
  for (const [name, kind] of [["u", "uncertainty"], ["g", "alignment"]]) {
    const own = data.measures.filter((measure) => measure.kind === kind);
    fill(field(name), own.map((measure) => [measure.key, measure.name]));
    for (const part of [name, `${name}l`, `${name}h`]) field(part).closest("label").hidden = !own.length;
  }
  sortMenu();
  outcomeMenus();
};

// Every field of the form is a key of the state, so that both directions are one loop.
const toForm = () => {
  methodMenu("am", runA());
  methodMenu("bm", runB());
  for (const input of form.elements) {
    if (!input.name) continue;
    if (input.type === "checkbox") input.checked = Boolean(state[input.name]);
    else if (input.name === "am" || input.name === "bm") input.value = methodOf(named(state[input.name[0]]), state[input.name]);
    else input.value = state[input.name];
  }
  document.documentElement.style.setProperty("--opacity", Number(state.o) / 100);
};

const fromForm = (input) => {
  state[input.name] = input.type === "checkbox" ? (input.checked ? "1" : "") : input.value;
  if (input.name !== "o") state.id = "";
};

const share = (run, questions) => {
  const total = questions.reduce((sum, i) => sum + valueOf(run, ACCURACY, i), 0);
  return questions.length ? `${runs[run].label} ${((100 * total) / questions.length).toFixed(1)} %` : "";
};

const describe = (questions) => {
  const number = (value) => value.toLocaleString("en");
  const parts = [`${number(questions.length)} of ${number(count)} questions`];
  if (questions.length) parts.push(`accuracy ${share(runA(), questions)}, ${share(runB(), questions)}`);
  document.getElementById("count").textContent = parts.join(" · ");
};

const quoted = (value) => {
  const text = String(value ?? "");
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const csv = (questions) => {
  const own = ["question_id", "question", "question_type", "answer_type", "truth"];
  const heads = [...own, "image_id", ...runs.flatMap((run) => [`${run.name}_answer`, ...Object.keys(run.values).map((key) => `${run.name}_${key}`)])];
  const lines = questions.map((i) => [
    data.question_id[i], data.question[i], textOf(data.question_type, i), textOf(data.answer_type, i), data.truth[i], data.image_id[data.image[i]],
    ...runs.flatMap((run, place) => [answerOf(place, i), ...Object.values(run.values).map((column) => column[i])]),
  ]);
  return [heads, ...lines].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
};

const save = (text, file) => {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  element("a", { href: address, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};
