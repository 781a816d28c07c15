import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those of minutes: begun last they would be waited for alone. Vitest knows how long each took only where it ran before. */
const long = /\/(mutation|matrix|cancelled-elsewhere|move-storage)\.test\.ts$|\/test\/crash\//;

/** Long test files before the others, each part in vitest's own order. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

function isLong({ moduleId }: TestSpecification): boolean {
  return long.test(moduleId);
}
