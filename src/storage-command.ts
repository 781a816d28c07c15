import { Command, InvalidArgumentError, Option } from 'commander';
import { byteSize, type Config } from './config.ts';
import { type StorageDriver, storageDrivers } from './platform/blobs/blob-store.ts';

/** What can be done to the storage of a library from the command line, whether or not servers serve it meanwhile. */
export function storageCommand(readConfig: () => Config): Command {
  const storage = new Command('storage').description('look after the bytes of the library');
  const load = () => import('./maintain-storage.ts');

  storage
    .command('status')
    .description('where the bytes are, and how many')
    .action(async () => (await load()).printStatus(readConfig()));

  storage
    .command('migrate')
    .description('move all bytes to another driver while servers go on serving; run it again to go on after an end')
    .addOption(new Option('--to <driver>', 'where to').choices(storageDrivers).makeOptionMandatory())
    .option('--max-rate <size>', 'bytes per second at the most, such as 20MB', readSize)
    .option('--leave-damaged', 'move on without files that are damaged or gone')
    .action(async (options: { to: StorageDriver; maxRate?: number; leaveDamaged?: true }) =>
      (await load()).migrateStorage(readConfig(), options),
    );

  storage
    .command('verify')
    .description('hold the storage against the library: what is missing, short or changed')
    .option('--read-data', 'read every byte and hash the originals')
    .action(async (options: { readData?: true }) => (await load()).printVerification(readConfig(), options));

  storage
    .command('gc')
    .description('delete what nothing refers to')
    .option('--grace <hours>', 'how old what no row knows must be, in hours', readHours, 24)
    .action(async (options: { grace: number }) => (await load()).printGarbage(readConfig(), options));

  return storage;
}

function readSize(text: string): number {
  const { success, data, error } = byteSize.safeParse(text);
  if (!success) throw new InvalidArgumentError(`It ${error.issues[0]?.message}.`);
  return data;
}

function readHours(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number of hours, such as 24.');
  return Number(text);
}
