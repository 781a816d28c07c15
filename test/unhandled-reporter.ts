import { writeFileSync } from 'node:fs';
import type { Reporter } from 'vitest/node';

/** An error that no test caught, and the file that ran meanwhile; vitest's own report in JSON leaves them out. */
export interface Unhandled {
  readonly file: string | null;
  readonly text: string;
}

/** Writes them, as a list, to the file that `TINTYPE_UNHANDLED` names. */
export default class implements Reporter {
  onTestRunEnd(...[, errors]: Parameters<NonNullable<Reporter['onTestRunEnd']>>): void {
    const found = errors.map(
      (error): Unhandled => ({
        file: typeof error.VITEST_TEST_PATH === 'string' ? error.VITEST_TEST_PATH : null,
        text: error.stack ?? error.message,
      }),
    );
    if (process.env.TINTYPE_UNHANDLED) writeFileSync(process.env.TINTYPE_UNHANDLED, JSON.stringify(found));
  }
}
