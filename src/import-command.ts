import { Argument, Command, Option } from 'commander';
import type { Config } from './config.ts';
import type { AiLibraryNames, BucketNames, ImportOptions } from './import.ts';

/** What brings libraries of other programs along, whether or not a server serves meanwhile. */
export function importCommand(readConfig: () => Config): Command {
  const command = new Command('import')
    .description('bring pictures, and people, of another program along')
    // Each command's own help has its arguments: beside them descriptions would be cut short.
    .configureHelp({ subcommandTerm: (one) => one.name() })
    .showHelpAfterError('(with --help it says how it is used)');
  const load = () => import('./import.ts');
  const system = (usage: string, description: string): Command =>
    command
      .command(usage)
      .description(description)
      .addOption(new Option('--dry-run', 'read and check everything, and write nothing'))
      .option('--report <file>', 'write down each file that is skipped, and why')
      .option('--force', 'replace a report that is there');

  system('folder <dir>', 'a folder of pictures')
    .requiredOption('--user <name>', 'whose they become')
    .option('--albums', 'make an album of each folder')
    .action(async (dir: string, options: ImportOptions & { albums?: true }) => {
      const { bring, openFolder } = await load();
      await bring(readConfig(), options, {
        from: [dir],
        open: () => openFolder(dir, { albums: options.albums === true }),
      });
    });

  system('google-takeout <dir>', 'what Google’s Takeout gave out of Google Photos, unpacked into one folder')
    .requiredOption('--user <name>', 'whose it becomes')
    .action(async (dir: string, options: ImportOptions) => {
      const { bring, openTakeout } = await load();
      await bring(readConfig(), options, { from: [dir], open: () => openTakeout(dir) });
    });

  system('photo-gallery <database> <photos>', 'photo-gallery: its Postgres address or SQLite file, and its data/photos')
    .requiredOption('--user <name>', 'whose it becomes')
    .action(async (database: string, photos: string, options: ImportOptions) => {
      const { bring, openGallery } = await load();
      await bring(readConfig(), options, { from: [database, photos], open: () => openGallery(database, photos) });
    });

  system('immich <url>', 'what somebody has in immich; IMMICH_API_KEY, a key that they made there, opens it')
    .requiredOption('--user <name>', 'whose it becomes')
    .action(async (url: string, options: ImportOptions) => {
      const { bring, openImmichAt } = await load();
      await bring(readConfig(), options, { from: [url], open: (signal) => openImmichAt(url, signal) });
    });

  system('style-ai <database> <uploads>', 'style-ai: its SQLite file or Postgres address, and its folder of uploads')
    .option('--match-emails', 'join its people to accounts here that have their e-mail')
    .action(async (database: string, uploads: string, options: ImportOptions) => {
      const { bring, openStyle } = await load();
      await bring(readConfig(), options, { from: [database, uploads], open: () => openStyle(database, uploads) });
    });

  system('pinit <database>', 'pinit: its SQLite file or Postgres address, and its bucket')
    .option('--match-emails', 'join its people to accounts here that have their e-mail')
    .option('--files <dir>', 'a folder that has the files of the bucket by their keys')
    .option('--bucket <name>', 'the bucket; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY open it')
    .option('--endpoint <url>', 'of the S3 server or of Cloudflare R2; default: Amazon')
    .option('--region <name>', 'of the bucket; default: AWS_REGION at Amazon, auto elsewhere')
    .action(async (database: string, options: ImportOptions & BucketNames) => {
      const { bring, openPinitLibrary } = await load();
      await bring(readConfig(), options, {
        from: [database, options.files ?? `s3://${options.bucket}`, options.endpoint],
        open: (signal) => openPinitLibrary(database, options, signal),
      });
    });

  system('ai-library <images>', 'ai-library: its folder uploads/images')
    .option('--match-emails', 'join its people to accounts here that have their e-mail')
    .option('--people <file>', 'its users, as mongoexport writes them')
    .option('--user <id=name>', 'whose account here the folder user-ID becomes; again for more', collect, [])
    .option('--browser <file>', 'generatedImages of a browser, for prompts; again for more', collect, [])
    .action(
      async (images: string, { user, browser, people, ...options }: Omit<ImportOptions, 'user'> & AiLibraryNames) => {
        const { bring, openAi } = await load();
        await bring(readConfig(), options, {
          from: [images],
          open: () => openAi(images, { user, browser, ...(people ? { people } : {}) }),
        });
      },
    );

  system('org-images <database>', 'org-images: its Postgres address or SQLite file')
    .option('--match-emails', 'join its people to accounts here that have their e-mail')
    .option('--images <dir>', 'the folder that was served at /static/images, where there is one')
    .action(async (database: string, options: ImportOptions & { images?: string }) => {
      const { bring, openOrganizations } = await load();
      await bring(readConfig(), options, {
        from: [database, options.images],
        open: () => openOrganizations(database, options.images),
      });
    });

  command
    .command('assign')
    .addArgument(new Argument('<system>', 'where they came from').choices(['style-ai', 'ai-library']))
    .argument('[names...]', 'of the files')
    .description(
      'give files to somebody that an import kept aside, since nobody was known to own them; without names, list them',
    )
    .option('--user <name>', 'whose they become')
    .option('--all', 'give all of them')
    .action(async (name: string, names: string[], options: { user?: string; all?: true }) => {
      const { assign } = await load();
      await assign(readConfig(), name, names, options);
    });

  return command;
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
