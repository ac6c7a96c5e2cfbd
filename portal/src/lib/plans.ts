// What a page does with a plan that it was given: what it takes away, which of its objects a filter leaves, and what
// sets two plans apart. Pure.
import type { Kind, PlanItem, PlanReport, PlanSummary, PropertyValue } from '../api/types';

/** What a plan takes away, all kinds together. A plan without deletions is held for members or values it removes. */
export function lossesOf(plan: PlanSummary) {
  const sum = (of: 'delete' | 'membersRemoved' | 'update') =>
    Object.values(plan.counts).reduce((total, counts) => total + counts[of], 0);
  const losses = { deletions: sum('delete'), members: sum('membersRemoved'), updates: sum('update') };
  return { ...losses, toType: losses.deletions || losses.members || losses.updates };
}

/** Whether a plan writes nothing. */
export function isEmpty(plan: PlanSummary): boolean {
  return Object.values(plan.counts).every((c) => c.create + c.update + c.delete + c.membersAdded + c.membersRemoved === 0);
}

/** The kinds of change that a person may ask for. */
export const changeKinds = ['create', 'update', 'delete', 'members', 'leftScope'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** Names that are no properties of their own in a plan, and are asked for like one. */
export const MANAGER = 'manager';
export const MEMBERS = 'members';

export interface PlanFilter {
  kind?: string | undefined;
  change?: string | undefined;
  property?: string | undefined;
  text?: string | undefined;
}

function isOf(item: PlanItem, change: string): boolean {
  switch (change) {
    case 'members':
      return item.membersRemoved > 0;
    case 'leftScope':
      return item.reason === 'leftScope';
    default:
      return item.action === change;
  }
}

function touches(item: PlanItem, property: string): boolean {
  if (property === MANAGER) return item.manager !== undefined;
  if (property === MEMBERS) return item.membersAdded + item.membersRemoved > 0;
  return (item.changes ?? []).some((change) => change.property === property);
}

const textOf = (value: PropertyValue | undefined) => (value === undefined ? '' : String(value));

function says(item: PlanItem, text: string): boolean {
  const holds = (other: string | undefined) => other?.toLowerCase().includes(text) === true;
  return (
    holds(item.name) ||
    holds(item.dn) ||
    holds(item.anchor) ||
    (item.changes ?? []).some((change) => holds(textOf(change.before)) || holds(textOf(change.after)))
  );
}

/** The objects that a filter leaves, in the plan's order. All conditions hold together; what is empty asks nothing. */
export function filterItems(items: readonly PlanItem[], filter: PlanFilter): PlanItem[] {
  const text = filter.text?.trim().toLowerCase() ?? '';
  return items.filter(
    (item) =>
      (!filter.kind || item.kind === filter.kind) &&
      (!filter.change || isOf(item, filter.change)) &&
      (!filter.property || touches(item, filter.property)) &&
      (text === '' || says(item, text)),
  );
}

/** How many of these objects change each property, most first. */
export function propertyCounts(items: readonly PlanItem[]): [property: string, objects: number][] {
  const counts = new Map<string, number>();
  const add = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const item of items) {
    for (const change of item.changes ?? []) add(change.property);
    if (touches(item, MANAGER)) add(MANAGER);
    if (touches(item, MEMBERS)) add(MEMBERS);
  }
  return [...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
}

export interface PlanDifference {
  onlyNow: PlanItem[];
  onlyOther: PlanItem[];
  differs: { now: PlanItem; other: PlanItem }[];
  /** A plan has more objects than it lists. */
  cut: boolean;
}

const keyOf = (item: { kind: Kind; anchor: string }) => `${item.kind} ${item.anchor}`;

/** What an item does, as a text to compare. Values count, the rules that gave them do not. */
function deedOf(item: PlanItem): string {
  const values = (item.changes ?? []).map((change) => [change.property, change.after ?? null]);
  return JSON.stringify([item.action, item.manager ?? null, item.membersAdded, item.membersRemoved, values]);
}

/** What sets a plan apart from another, object by object, in the plans' order. */
export function comparePlans(now: PlanReport, other: PlanReport): PlanDifference {
  const rest = new Map(other.items.map((item) => [keyOf(item), item]));
  const found: PlanDifference = { onlyNow: [], onlyOther: [], differs: [], cut: now.truncated || other.truncated };
  for (const item of now.items) {
    const twin = rest.get(keyOf(item));
    rest.delete(keyOf(item));
    if (twin === undefined) found.onlyNow.push(item);
    else if (deedOf(twin) !== deedOf(item)) found.differs.push({ now: item, other: twin });
  }
  found.onlyOther = [...rest.values()];
  return found;
}
