import { relative, sep } from 'node:path';
import ts from 'typescript';
import type { Plugin } from 'vite';

/** What holds a caller against the access table. */
const gates = new Set(['requireAllowed', 'requireAccess', 'requireGuestAccess']);

/** Where a refusal is a sentence of its own, beside the table: each `if (…) throw` there is a check as well. */
const guarded = [
  'features/access/access.ts',
  'features/photos/locate-photo.ts',
  'features/sharing/authorize-guest.ts',
  'features/sharing/unlock-link.ts',
];

/**
 * Gives each access check of the features a name, `features/photos/trash-photos.ts requireAccess photo.change`, and lets a
 * test take any one of them out while the server runs: see `checks.ts`. Only for tests; the product's files stay as they are.
 */
export function removableChecks(root: string): Plugin {
  return {
    name: 'tintype-removable-checks',
    enforce: 'pre',
    transform(code, id) {
      const file = relative(root, id.split('?')[0] ?? id)
        .split(sep)
        .join('/');
      if (!file.startsWith('src/features/') || !file.endsWith('.ts') || file.endsWith('.test.ts')) return null;
      return { code: nameChecks(code, file.slice('src/'.length)), map: null };
    },
  };
}

interface Edit {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

function nameChecks(code: string, file: string): string {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
  const edits: Edit[] = [];
  const taken = new Map<string, number>();
  const name = (what: string): string => {
    const n = (taken.get(what) ?? 0) + 1;
    taken.set(what, n);
    return JSON.stringify(`${file} ${what}${n > 1 ? ` (${n})` : ''}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && gates.has(node.expression.text)) {
      const { expression } = node;
      const action = node.arguments.find(ts.isStringLiteral)?.text ?? 'any action';
      const site = name(`${expression.text} ${action}`);
      const [at, end] = [expression.getStart(source), expression.getEnd()];
      edits.push({ at, end, text: `globalThis.accessChecks.gate(${site}, ${expression.text})` });
    }
    if (ts.isIfStatement(node) && guarded.includes(file) && throws(node.thenStatement)) {
      const { expression } = node;
      const [at, end] = [expression.getStart(source), expression.getEnd()];
      const condition = code.slice(at, end);
      const site = name(`if (${condition.replace(/\s+/g, ' ')})`);
      // As a pair of insertions, so that checks within the condition keep their own names.
      edits.push({ at, end: at, text: `globalThis.accessChecks.holds(${site}) && (` }, { at: end, end, text: ')' });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return edits
    .toSorted((a, b) => b.at - a.at || b.end - a.end)
    .reduce((text, { at, end, text: put }) => text.slice(0, at) + put + text.slice(end), code);
}

const throws = (statement: ts.Statement): boolean =>
  ts.isThrowStatement(statement) ||
  (ts.isBlock(statement) &&
    statement.statements.length === 1 &&
    ts.isThrowStatement(statement.statements[0] as ts.Node));
