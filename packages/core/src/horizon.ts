import type { Workflow } from "./workflow.ts";

/**
 * When the last call of a workflow can start at the latest, were every run instant: its delays and moments add up
 * along chains, and of a group the slowest member counts. What is stored for a workflow must live that long.
 */
export function lastStart(node: Workflow, from: number): number {
  switch (node.kind) {
    case "task": {
      const { delayMs = 0, notBefore = 0, onSuccess = [] } = node.options;
      return latest(onSuccess, Math.max(from + delayMs, Number(notBefore)));
    }
    case "chain":
      return node.links.reduce((at, link) => lastStart(link, at), from);
    case "group":
      return latest(node.members, from);
    case "chord":
      return lastStart(node.callback, lastStart(node.group, from));
  }
}

function latest(nodes: readonly Workflow[], from: number): number {
  return nodes.reduce((at, node) => Math.max(at, lastStart(node, from)), from);
}
