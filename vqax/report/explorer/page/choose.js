// Which questions are shown, and in which order.
const within = (quantile, low, high) => quantile !== null && quantile >= low && quantile <= high;
const limits = (low, high) => [Number(state[low]) || 0, state[high] === "" ? 100 : Number(state[high])];

const narrowed = (measure, low, high) => {
  const [least, most] = limits(low, high);
  return measure && (least > 0 || most < 100) ? (i) => within(quantileOf(runA(), measure, i), least, most) : null;
};

const containing = (text) => {
  const wanted = text.toLowerCase();
  return (i) =>
    data.question[i].toLowerCase().includes(wanted) ||
    data.truth[i].toLowerCase().includes(wanted) ||
    runs.some((_, run) => answerOf(run, i).toLowerCase().includes(wanted));
};

const conditions = () => {
  const outcomes = runs.flatMap((run, place) => {
    const wanted = state[`is.${run.name}`];
    return wanted ? [(i) => outcome(valueOf(place, ACCURACY, i)) === wanted] : [];
  });
  return [
    state.id && ((i) => String(data.question_id[i]) === state.id),
    state.text && containing(state.text),
    state.type && ((i) => textOf(data.answer_type, i) === state.type),
    state.kind && ((i) => textOf(data.question_type, i) === state.kind),
    state.differ && ((i) => answerOf(runA(), i) !== answerOf(runB(), i)),
    narrowed(state.u, "ul", "uh"),
    narrowed(state.g, "gl", "gh"),
    ...outcomes,
  ].filter(Boolean);
};

// "d:entropy" is the difference of A and B, largest first; "h:" and "l:" are A, highest or lowest first.
const sorting = () => {
  const [kind, measure] = [state.sort.slice(0, 1), state.sort.slice(2)];
  return measures.has(measure) ? { kind, measure } : null;
};

const difference = (measure, i) => {
  const [x, y] = [valueOf(runA(), measure, i), valueOf(runB(), measure, i)];
  return x === null || y === null ? null : x - y;
};

const sortValue = ({ kind, measure }, i) => {
  const value = kind === "d" ? difference(measure, i) : valueOf(runA(), measure, i);
  if (value === null) return -Infinity;
  return kind === "d" ? Math.abs(value) : kind === "l" ? -value : value;
};

const chosen = () => {
  const all = conditions();
  const kept = [...Array(count).keys()].filter((i) => all.every((holds) => holds(i)));
  const by = sorting();
  if (!by) return kept;
  const values = new Map(kept.map((i) => [i, sortValue(by, i)]));
  return kept.sort((i, j) => (values.get(j) > values.get(i)) - (values.get(j) < values.get(i)) || i - j);
};
