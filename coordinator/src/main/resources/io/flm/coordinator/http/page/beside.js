// Other runs over this one: their figures are put beside its own, under names of two lines, the figure's and the run's.

export const figureOf = name => name.split('\n')[0];

/** Empty: the run that the page shows. */
export const runOf = name => name.split('\n')[1] ?? '';

/**
 * The figures of all, over all their steps; null where a run has no step there.
 *
 * @param own as GET /api/v1/metrics answers
 * @param others as GET /api/v1/runs/NAME/metrics does
 */
export function merged(own, others) {
  if (others.length === 0) {
    return own;
  }
  const begin = own.steps[0] ?? 0;
  const all = [own, ...others.map(other => from(other, begin))];
  const steps = [...new Set(all.flatMap(metrics => metrics.steps))].sort((a, b) => a - b);
  const figures = {};
  all.forEach((metrics, i) => {
    const places = new Map(metrics.steps.map((step, place) => [step, place]));
    for (const [name, figure] of Object.entries(metrics.figures)) {
      const at = part => steps.map(step => places.has(step) ? figure[part][places.get(step)] : null);
      figures[i === 0 ? name : `${name}\n${metrics.run}`] = {mean: at('mean'), min: at('min'), max: at('max')};
    }
  });
  return {...own, steps, figures};
}

/** Without the steps before those that are shown. */
function from(metrics, begin) {
  const first = metrics.steps.findIndex(step => step >= begin);
  const skip = first < 0 ? metrics.steps.length : first;
  const figures = {};
  for (const [name, figure] of Object.entries(metrics.figures)) {
    figures[name] = {mean: figure.mean.slice(skip), min: figure.min.slice(skip), max: figure.max.slice(skip)};
  }
  return {...metrics, steps: metrics.steps.slice(skip), figures};
}
