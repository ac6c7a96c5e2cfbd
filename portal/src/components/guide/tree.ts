// The containers of a directory as a tree: what lies in each with all below it, and what a choice of them means.
import type { Container } from '../../api/precheck';

export interface Node {
  dn: string;
  name: string;
  depth: number;
  /** With all below. */
  users: number;
  groups: number;
  /** The place of the container above in the list; none for a root. */
  above: number | undefined;
}

/** The parts of a DN, each as written. */
function parts(dn: string): string[] {
  return dn.match(/(?:\\.|[^,\\])+/g) ?? [];
}

const key = (list: readonly string[]) => list.map((part) => part.trim().toLowerCase()).join(',');

/** The tree in the order of the list, each container before what lies in it. */
export function treeOf(containers: readonly Container[]): Node[] {
  const places = new Map<string, number>();
  const nodes: Node[] = [];
  for (const { dn, users, groups } of containers) {
    const own = parts(dn);
    let above: number | undefined;
    let cut = own.length;
    for (let from = 1; from < own.length && above === undefined; from += 1) {
      above = places.get(key(own.slice(from)));
      if (above !== undefined) cut = from;
    }
    places.set(key(own), nodes.length);
    nodes.push({ dn, name: own.slice(0, cut).join(','), depth: above === undefined ? 0 : (nodes[above]?.depth ?? 0) + 1, users, groups, above });
  }
  // From below: what lies in a container counts in those above it.
  for (const node of [...nodes].reverse()) {
    const above = node.above === undefined ? undefined : nodes[node.above];
    if (above) {
      above.users += node.users;
      above.groups += node.groups;
    }
  }
  return nodes;
}

/** Whether a container is in because it, or one above it, was chosen. */
export function isIn(nodes: readonly Node[], chosen: ReadonlySet<string>, node: Node): boolean {
  for (let at: Node | undefined = node; at; at = at.above === undefined ? undefined : nodes[at.above]) {
    if (chosen.has(at.dn)) return true;
  }
  return false;
}

/** The containers to name: those chosen that do not lie in another one chosen. */
export function topmost(nodes: readonly Node[], chosen: ReadonlySet<string>): Node[] {
  return nodes.filter((node) => {
    const above = node.above === undefined ? undefined : nodes[node.above];
    return chosen.has(node.dn) && !(above && isIn(nodes, chosen, above));
  });
}
