// Where a property comes from, read out of the rules: every flow that can give it, in the order in which they count.
import type { Flow, Rule, RulesView } from '../api/rules';
import type { Kind } from '../api/types';

/** A flow in its rule. */
export interface Step {
  rule: Rule;
  flow: Flow;
  /** For each attribute of the metaverse that it reads: the flows that give it. */
  feeds: { attribute: string; steps: Step[] }[];
}

const byPrecedence = (a: Rule, b: Rule) => a.precedence - b.precedence;

/** Whether a rule writes to the cloud. */
export const isOutward = (rule: Rule) => rule.direction !== 'inbound';

/** The kinds of objects that the rules make, and the properties that they write of each, in order. */
export function targets(view: RulesView): { kind: Kind; properties: string[] }[] {
  const found = new Map<Kind, Set<string>>();
  for (const rule of view.rules) {
    if (!isOutward(rule) || rule.target === undefined) continue;
    const names = found.get(rule.target) ?? new Set();
    for (const flow of rule.flows) names.add(flow.to);
    found.set(rule.target, names);
  }
  return [...found].map(([kind, names]) => ({ kind, properties: [...names].sort((a, b) => a.localeCompare(b, 'en')) }));
}

/** The flows to a property of a kind, those that count first before the others; rules that rest come last. */
export function flowsTo(view: RulesView, kind: Kind, property: string): Step[] {
  const outward = view.rules.filter((rule) => isOutward(rule) && rule.target === kind);
  return stepsOf(outward, property).map((step) => ({ ...step, feeds: feedsOf(view, step) }));
}

function feedsOf(view: RulesView, { rule, flow }: Step): Step['feeds'] {
  if (rule.direction !== 'outbound') return [];
  const inward = view.rules.filter((one) => one.direction === 'inbound' && one.metaverseType === rule.metaverseType);
  return (flow.reads ?? []).map((attribute) => ({ attribute, steps: stepsOf(inward, attribute) }));
}

function stepsOf(rules: readonly Rule[], to: string): Step[] {
  const active = rules.filter((rule) => rule.disabled !== true).sort(byPrecedence);
  const resting = rules.filter((rule) => rule.disabled === true).sort(byPrecedence);
  return [...active, ...resting].flatMap((rule) =>
    rule.flows.filter((flow) => flow.to === to).map((flow): Step => ({ rule, flow, feeds: [] })),
  );
}

/** The attributes of the directory that a property can come from, sorted. */
export function origins(view: RulesView, kind: Kind, property: string): string[] {
  const names = new Set<string>();
  for (const step of flowsTo(view, kind, property)) {
    if (step.rule.disabled === true) continue;
    if (step.rule.direction === 'straight') for (const name of step.flow.reads ?? []) names.add(name);
    for (const feed of step.feeds) {
      for (const { rule, flow } of feed.steps) if (rule.disabled !== true) for (const name of flow.reads ?? []) names.add(name);
    }
  }
  return [...names].sort((a, b) => a.localeCompare(b, 'en'));
}

/** Where a line of a text begins and ends, for a line from 1. */
export function lineRange(text: string, line: number): [number, number] {
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const next = text.indexOf('\n', start);
    if (next < 0) return [text.length, text.length];
    start = next + 1;
  }
  const end = text.indexOf('\n', start);
  return [start, end < 0 ? text.length : end];
}
