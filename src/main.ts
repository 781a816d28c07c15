import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ConfigError, readConfig } from './config.ts';
import { importCommand } from './import-command.ts';
import { storageCommand } from './storage-command.ts';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const toCount = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
};

const program = new Command('tintype').description('A self-hosted image library').version(version);

program
  .command('serve', { isDefault: true })
  .description(
    'start the server (and the embedded database, unless DATABASE_URL is set); what happens without a command',
  )
  .action(async () => {
    const { serve } = await import('./serve.ts');
    await serve({ config: readConfig(), version, webRoot: join(root, 'web', 'build') });
  });

program
  .command('migrate')
  .description('bring the database up to date and end')
  .action(async () => {
    const { migrateOnce } = await import('./serve.ts');
    await migrateOnce(readConfig());
  });

program
  .command('reset-link <username>')
  .description('make a link that lets this person set a new password, once, within an hour')
  .action(async (username: string) => {
    const { printResetLink } = await import('./serve.ts');
    await printResetLink(readConfig(), username);
  });

program.addCommand(storageCommand(readConfig));

program.addCommand(importCommand(readConfig));

program
  .command('backup <dir>')
  .description(
    'back up everything into a folder, while the server runs; what is there from earlier backups is not copied again',
  )
  .option('--keep <n>', 'keep that many snapshots and remove older ones', toCount)
  .action(async (dir: string, { keep }: { keep?: number }) => {
    const { backup } = await import('./backup.ts');
    await backup(readConfig(), { dir, keep, version });
  });

program
  .command('restore <dir>')
  .description('make an empty library what it was when it was backed up, wherever TINTYPE_STORAGE keeps photos now')
  .option('--snapshot <name>', 'restore this one; default: the latest')
  .option('--list', 'say which snapshots there are, and restore nothing')
  .action(async (dir: string, { snapshot, list }: { snapshot?: string; list?: boolean }) => {
    const { listSnapshots, restore } = await import('./backup.ts');
    if (list) await listSnapshots(dir);
    else await restore(readConfig(), { dir, snapshot });
  });

// What is read by `head` ends early, and is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Commander takes what it does not know for an argument of the command that is meant without one.
const [wanted = '-'] = process.argv.slice(2);
if (!/^(?:-|help$)/.test(wanted) && !program.commands.some((command) => command.name() === wanted)) {
  program.error(`error: unknown command '${wanted}': tintype --help lists them`);
}

program.parseAsync().catch((error: unknown) => {
  // What is foreseen comes with a sentence for whoever starts the server; only the rest deserves a stack.
  const foreseen =
    error instanceof ConfigError || (error instanceof Error && error.name.endsWith('Error') && error.name !== 'Error');
  const plain = error instanceof Error && /^[A-Z][A-Z_]+: /.test(error.message);
  process.stderr.write(`tintype: ${foreseen || plain ? (error as Error).message : (error as Error)?.stack}\n`);
  process.exitCode = 1;
});
