/** The access checks of a server whose files went through `removable-checks.ts`: which were met, and which are out. */
interface AccessChecks {
  /** Names of the checks that requests came upon since it was last cleared. */
  readonly met: Set<string>;
  /** Actions that those checks asked about. */
  readonly asked: Set<string>;
  /** Names of those that do nothing now. */
  readonly removed: Set<string>;
  gate<Gate extends (...args: never[]) => unknown>(name: string, gate: Gate): Gate;
  holds(name: string): boolean;
}

declare global {
  var accessChecks: AccessChecks;
}

const isAction = (value: unknown): value is string => typeof value === 'string' && value.includes('.');
const isCaller = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && 'principal' in value;

export const checks: AccessChecks = {
  met: new Set(),
  asked: new Set(),
  removed: new Set(),
  gate(name, gate) {
    checks.met.add(name);
    const isOut = checks.removed.has(name);
    return ((...args: never[]) => {
      const action = args.find(isAction);
      if (action) checks.asked.add(action);
      // A gate that is out lets everybody through, and answers the caller as if it had been found good.
      return isOut ? args.find(isCaller) : gate(...args);
    }) as unknown as typeof gate;
  },
  holds(name) {
    checks.met.add(name);
    return !checks.removed.has(name);
  },
};
globalThis.accessChecks = checks;
