import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Context } from 'hono';
import { compress } from 'hono/compress';
import { getCookie } from 'hono/cookie';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import * as accounts from '#features/accounts/index.ts';
import { albumRoutes } from '#features/albums/index.ts';
import { auditJobHandlers, auditJobs, auditRoutes } from '#features/audit/index.ts';
import { createChangeStreams, eventRoutes } from '#features/events/index.ts';
import * as generation from '#features/generation/index.ts';
import { findEarlier } from '#features/imports/index.ts';
import { operationRoutes } from '#features/operation/index.ts';
import { organizationRoutes } from '#features/organizations/index.ts';
import * as photos from '#features/photos/index.ts';
import * as pictures from '#features/pictures/index.ts';
import * as sharing from '#features/sharing/index.ts';
import { storageJobHandlers, storageJobs, storageRoutes } from '#features/storage/index.ts';
import { createStylePreviews, styleRoutes } from '#features/styles/index.ts';
import type { StorageDriver } from '#platform/blobs/blob-store.ts';
import { openBlobStore, openDriver, openFormerPlace } from '#platform/blobs/open-store.ts';
import { openPublicPlace } from '#platform/blobs/public-place.ts';
import type { Library } from '#platform/database/open-library.ts';
import { createDelivery } from '#platform/delivery/index.ts';
import { type ApiEnv, createRouter, respondWithError, toAppError } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { type Caller, nobody } from '#platform/http/caller.ts';
import { createAddressReader } from '#platform/http/client-address.ts';
import { documentRoutes } from '#platform/http/document-routes.ts';
import { limitSmallBodies } from '#platform/http/limit-small-bodies.ts';
import { requireSameOrigin } from '#platform/http/origin-check.ts';
import { requireSingleMode } from '#platform/http/single-mode.ts';
import { createStaticFiles } from '#platform/http/static-files.ts';
import { createImaging } from '#platform/imaging/index.ts';
import { createJobs } from '#platform/jobs/jobs.ts';
import { createMailer } from '#platform/mail/mailer.ts';
import { createMetrics } from '#platform/observability/metrics.ts';

import { requestContext } from '#platform/observability/request-context.ts';
import type { Config } from './config.ts';
import { createLegacy } from './legacy/index.ts';

export interface AppDeps {
  readonly config: Config;
  readonly library: Library;
  readonly logger: Logger;
  readonly version: string;
  /** Folder of the built web app. */
  readonly webRoot: string;
  /** What the first set-up must show; null where it need not. */
  readonly setupToken: string | null;
  /** Where the server can be reached, once it listens: for links, where no public URL is configured. */
  readonly address: () => string;
}

/** The features of the product, put together: the one place that knows them all. */
export async function createApp(deps: AppDeps) {
  const { config, library, logger } = deps;
  const { database, notifications, secret } = library;

  const { dataDir, storage, cacheBytes } = config;
  const blobs = await openBlobStore(storage, { dataDir, database, cacheBytes });
  const openPlainDriver = (driver: StorageDriver) => openDriver(driver, storage, { dataDir, database });
  const lookWhereBytesAre = (): void => {
    blobs
      .refresh()
      .catch((error) => logger.error({ err: error }, 'the library moves to where this server cannot follow'));
  };
  const stopFollowing = notifications.subscribe({
    onAnnouncement: ({ subject }) => subject === 'storage' && lookWhereBytesAre(),
    onCut: () => {},
    onBack: lookWhereBytesAre,
  });
  const publicPlace = await openPublicPlace(storage, logger);
  const imaging = createImaging({ processes: config.imagingProcesses, logger });
  const delivery = createDelivery({ store: blobs, cacheBytes: config.memoryCacheBytes, logger });
  const metrics = createMetrics();
  const mailer = config.smtp ? createMailer({ smtp: config.smtp, logger }) : null;
  const definitions = [
    ...auditJobs,
    ...accounts.accountJobs,
    ...photos.photoJobs,
    ...generation.generationJobs,
    ...pictures.pictureJobs,
    ...storageJobs,
  ];
  const jobs = await createJobs({ pool: database.pool, logger, definitions });

  const tokens = accounts.createBearerTokens({ secret });
  const passwords = accounts.createPasswords();
  const formOf = accounts.createDecoyForms({ database, key: accounts.deriveKey(secret, 'decoys') });
  const credentials = accounts.createCredentials({ database, notifications, tokens });
  const signedUrls = photos.createSignedUrls({ key: accounts.deriveKey(secret, 'signed URLs') });
  const locator = photos.createPhotoLocator({ database, notifications });
  const photoDeps = {
    database,
    blobs,
    imaging,
    signedUrls,
    locator,
    jobs,
    maxUploadBytes: config.maxUploadBytes,
    trashDays: config.trashDays,
  };
  const alarmOfPod = (message: string): void => {
    generation.keepPodAlarm(database, message).then(
      (isNews) => isNews && logger.error(message),
      () => logger.error(message),
    );
  };
  const backends = generation.openBackends(config.studio, {
    imaging,
    ledger: generation.createPodLedger(database),
    podName: accounts.deriveKey(secret, 'names of rented machines').toString('hex', 0, 4),
    podPassword: accounts.deriveKey(secret, 'account on rented machines').toString('base64url'),
    alarm: alarmOfPod,
  });
  const generationDeps = {
    ...photoDeps,
    notifications,
    logger,
    backends,
    localUrl: config.studio.invokeai?.url ?? null,
    maxBatch: config.studio.maxBatch,
    maxAttempts: config.studio.maxAttempts,
  };
  const pictureLocator = pictures.createPictureLocator({
    database,
    notifications,
    place: publicPlace?.bucket.place ?? null,
  });
  const publishNow = () => jobs.send(pictures.publishPictures, { now: true });
  const sweepGone = async (): Promise<void> => {
    await jobs.send(photos.sweepBlobs, {});
    await publishNow();
  };

  const partials = photos.createPartialFiles({ folder: join(config.dataDir, 'uploads') });
  const resumable = photos.createResumableUploads({ ...photoDeps, partials });

  const soleOwner = await accounts.ensureFirstAccount({ database, passwords, config });
  await blobs.sweepTemp();

  const readAddress = createAddressReader(config.trustedProxies);
  const facts = (request: IncomingMessage) => ({
    remoteAddress: request.socket.remoteAddress,
    encrypted: false,
    header: (name: string) => headerOf(request, name),
  });
  const shownBy = (header: (name: string) => string | undefined, cookie: string | undefined): accounts.Shown => {
    const bearer = /^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1];
    return bearer === undefined ? { cookie } : { bearer };
  };

  const streams = createChangeStreams({
    notifications,
    isStillGood: async (follower) =>
      follower.via === 'single' || (await credentials.resolveGrant(follower)).kind === 'user',
  });

  const publicUrl = (): string => config.publicUrl ?? deps.address();

  const sharingDeps = {
    database,
    passwords,
    signedUrls,
    publicUrl,
    linkKeys: sharing.createLinkKeys({ key: accounts.deriveKey(secret, 'link keys') }),
    sessions: sharing.createGuestSessions({ key: accounts.deriveKey(secret, 'guest sessions') }),
    limits: sharing.createUnlockLimits(),
    cleanOriginals: sharing.createCleanOriginals({ database, blobs }),
  };

  const accountDeps = {
    database,
    credentials,
    passwords,
    formOf,
    tokens,
    limits: accounts.createSignInLimits(),
    mailer,
    registration: config.registration,
    setupToken: deps.setupToken,
    quota: config.quota,
    onAccountDeleted: sweepGone,
    onAccountDisabled: publishNow,
  };

  const organizationDeps = { database, onOrganizationDeleted: sweepGone };
  const pictureDeps = { ...photoDeps, locator: pictureLocator, publicBucket: publicPlace?.bucket ?? null };
  const storageDeps = {
    database,
    blobs,
    jobs,
    dataDir,
    configured: storage.driver,
    bucket: storage.s3?.bucket ?? null,
    publicPlace,
    open: openPlainDriver,
  };

  const api = createRouter()
    .route('/', accounts.accountRoutes({ ...accountDeps, config, version: deps.version, publicUrl }))
    .route('/', organizationRoutes(organizationDeps))
    .route('/', photos.photoRoutes({ ...photoDeps, resumable }))
    .route('/', styleRoutes({ ...photoDeps, previews: createStylePreviews(photoDeps) }))
    .route('/', generation.generationRoutes(generationDeps))
    .route('/', pictures.pictureRoutes(pictureDeps))
    .route('/', albumRoutes({ database, signedUrls }))
    .route('/', sharing.linkRoutes(sharingDeps))
    .route('/share', sharing.guestRoutes({ ...photoDeps, ...sharingDeps }, '/api/v1/share'))
    .route('/', eventRoutes({ streams }))
    .route('/', auditRoutes({ database }))
    .route('/', storageRoutes(storageDeps))
    .route(
      '/',
      operationRoutes({
        database,
        jobs,
        definitions,
        metrics,
        metricsToken: config.metricsToken,
        version: deps.version,
      }),
    );
  documentRoutes(api, { version: deps.version });

  const app = createRouter();
  const files = await createStaticFiles(deps.webRoot, publicPlace ? [new URL(publicPlace.url).origin] : []);

  app.use(async (c, next) => {
    const started = performance.now();
    const id = uuidv7();
    const context = { id, queries: 0, userId: null as string | null };
    c.set('requestId', id);
    await requestContext.run(context, next);
    c.res.headers.set('x-request-id', id);
    const ms = performance.now() - started;
    const route = legacy.patterns.has(c.req.routePath) ? c.req.routePath : patternOf(c);
    metrics.observe({ method: c.req.method, route, status: c.res.status, ms, queries: context.queries });
    // The pattern, not the address: addresses hold ids, and of some links even secrets.
    logger[c.res.status >= 500 ? 'error' : 'info'](
      {
        id,
        method: c.req.method,
        route,
        status: c.res.status,
        ms: Math.round(ms * 10) / 10,
        queries: context.queries,
        user: context.userId,
      },
      'request',
    );
  });
  const addressOf = (c: Context<ApiEnv>) => {
    const header = (name: string) => c.req.header(name);
    return readAddress(
      c.env?.incoming ? facts(c.env.incoming) : { remoteAddress: '127.0.0.1', encrypted: false, header },
    );
  };
  const legacy = createLegacy({
    config: config.legacy,
    accounts: accountDeps,
    organizations: organizationDeps,
    photos: photoDeps,
    pictures: pictureDeps,
    sharing: sharingDeps,
    generation: generationDeps,
    storage: storageDeps,
    credentials,
    tokens,
    delivery,
    secret,
    logger,
    addressOf,
    publicUrl,
    look: async () => ({
      ready: await database.pool.query('select 1').then(
        () => true,
        () => false,
      ),
      at: new Date().toISOString(),
      version: deps.version,
    }),
    answered: (request, response) => countBytes('legacy images')(request, response),
  });
  // Ahead of everything that looks at cookies: they answer to tokens, whoever's page calls.
  app.route('/', legacy.router);
  app.use('/api/*', async (c, next) => {
    const header = (name: string) => c.req.header(name);
    c.set('address', addressOf(c));
    c.set('caller', await identify(c));
    const context = requestContext.getStore();
    if (context) context.userId = c.var.caller.kind === 'user' ? c.var.caller.userId : null;
    requireSameOrigin({ method: c.req.method, caller: c.var.caller, ownOrigins: ownOrigins(c), header });
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
  });
  app.use('/api/*', limitSmallBodies(takesFiles));
  // A guest is whoever the link says, whoever else is signed in in the same browser.
  app.use('/s/*', async (c, next) => {
    c.set('address', addressOf(c));
    c.set('caller', nobody);
    const visits = getCookie(c, sharing.guestCookie) !== undefined;
    const header = (name: string) => c.req.header(name);
    requireSameOrigin({ method: c.req.method, caller: nobody, ownOrigins: ownOrigins(c), visits, header });
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
    c.header('x-content-type-options', 'nosniff');
  });
  app.use('/s/*', limitSmallBodies(takesFiles));
  for (const path of ['/s/*', '/api/v1/share/*']) app.use(path, sharing.keepAddressSecret);

  const identify = async (c: Context<ApiEnv>): Promise<Caller> => {
    if (soleOwner) return requireSingleMode(soleOwner, c, config.allowedHosts);
    return credentials.resolve(shownBy((name) => c.req.header(name), getCookie(c, accounts.sessionCookie)));
  };
  const ownOrigins = (c: Context<ApiEnv>): string[] => {
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    const own = `${c.var.address.secure ? 'https' : 'http'}://${host}`;
    return config.publicUrl ? [config.publicUrl, own] : [own];
  };

  // A month of thousands of photos is megabytes of JSON. Answers that hold tokens are never compressed (BREACH).
  app.use('/api/v1/timeline/*', compress({ encoding: 'gzip' }));
  for (const path of ['/api/v1/albums/:id/layout', '/api/v1/share/:key/layout', '/s/:key/layout']) {
    app.use(path, compress({ encoding: 'gzip' }));
  }
  app.route('/api/v1', api);
  app.get('/metrics', (c) => c.redirect('/api/v1/metrics', 308));
  app.route('/s', sharing.guestPages({ ...sharingDeps, fill: files.fill }));
  app.route('/s', sharing.guestRoutes({ ...photoDeps, ...sharingDeps }, '/s'));
  for (const path of ['/api/*', '/s/*', '/images/*', '/avatar/*']) {
    app.all(path, () => {
      throw new AppError('not_found', 'There is nothing at this address.');
    });
  }
  app.get('*', async (c) => {
    const page = await files.respond(c.req.path, c.req.raw);
    if (page) return page;
    throw new AppError('not_found', 'There is nothing at this address.');
  });
  app.notFound((c) => respondWithError(c, new AppError('not_found', 'There is nothing at this address.')));
  app.onError((error, c) => respondWithError(c, toAppError(error, logger)));

  const identity: photos.Identity = {
    remembered: (request) =>
      soleOwner ? undefined : credentials.remembered(shownBy((name) => headerOf(request, name), readCookie(request))),
    async resolve(request) {
      if (soleOwner)
        return requireSingleMode(soleOwner, nodeContext(request, readAddress(facts(request))), config.allowedHosts);
      return credentials.resolve(shownBy((name) => headerOf(request, name), readCookie(request)));
    },
    fromGrant: credentials.resolveGrant,
  };
  const refuseBytes = (_: IncomingMessage, response: ServerResponse, error: unknown): void =>
    refuse(response, toAppError(error, logger));
  const refusePicture = ({ url = '' }: IncomingMessage, response: ServerResponse, error: unknown): void =>
    refuse(response, toAppError(error, logger), {}, legacy.saysOfPicture(url.replace(/\?.*$/s, '')));
  const countBytes =
    (route: string) =>
    ({ method }: IncomingMessage, { statusCode: status }: ServerResponse): void => {
      metrics.observeImage(status);
      // Pages ask for hundreds: a line each is for whoever looks for a fault.
      if (logger.isLevelEnabled('debug')) logger.debug({ method, route, status }, 'bytes');
    };
  const servePhoto = photos.createPhotoServer({
    delivery,
    locator,
    signedUrls,
    identity,
    refuse: refuseBytes,
    answered: countBytes('/api/v1/photos/{id}/{variant}'),
  });
  const servePicture = pictures.createPictureServer({
    database,
    delivery,
    locator: pictureLocator,
    publicPlace,
    findEarlier: (kind, earlierId) => findEarlier({ database }, { system: 'org-images', kind, earlierId }),
    refuse: refusePicture,
    answered: countBytes('/images'),
  });
  const serveGuestPhoto = sharing.createGuestPhotoServer({
    ...sharingDeps,
    delivery,
    tagKey: accounts.deriveKey(secret, 'guest tags'),
    addressOf: (request) => readAddress(facts(request)),
    refuse: (_, response, error) => refuse(response, toAppError(error, logger), sharing.guestHeaders),
    answered: countBytes('/s/{key}/photos/{id}/{variant}'),
  });

  metrics.gauge('tintype_thumbnail_cache_bytes', 'Thumbnails held in memory', () => delivery.stats().bytes);
  metrics.gauge(
    'tintype_large_cache_bytes',
    'Originals and previews held in memory, as they are asked for again',
    () => delivery.stats().largeBytes,
  );
  metrics.gauge('tintype_database_connections', 'Open connections to the database', () => database.pool.totalCount);
  metrics.gauge('tintype_event_streams', 'Open streams of changes', () => streams.size);
  metrics.gauge('tintype_revocations_heard', '1 while revocations by other servers are heard of', () =>
    notifications.live ? 1 : 0,
  );

  const ending = new AbortController();
  const credentialsFlush = setInterval(() => void credentials.flushLastUse().catch(() => {}), 60_000);
  credentialsFlush.unref();
  await jobs.work([
    ...auditJobHandlers({ database, auditDays: config.auditDays }),
    ...accounts.accountJobHandlers({ database }),
    ...photos.photoJobHandlers({ ...photoDeps, partials, delivery }),
    ...generation.generationJobHandlers(generationDeps),
    ...pictures.pictureJobHandlers({
      database,
      blobs,
      bucket: publicPlace?.bucket ?? null,
      openFormer: (place) => openFormerPlace(storage, place),
      warn: (sentence) => logger.warn(sentence),
    }),
    ...storageJobHandlers({ database, blobs, open: openPlainDriver, ending: ending.signal }),
  ]);

  // Pictures from before there was such a bucket, or from before it was another one.
  await publishNow();
  await jobs.send(generation.refreshModels, {});
  if (backends.pod) await jobs.send(generation.lookAfterPod, {});
  else {
    const message = await generation.findUnwatchedPod(database);
    if (message) alarmOfPod(message);
  }
  const studio = generation.startStudioWorker(generationDeps);

  return {
    app,
    /** Answers requests for bytes ahead of the router; false where the request is none. */
    serveBytes: (request: IncomingMessage, response: ServerResponse): boolean =>
      servePhoto(request, response) ||
      servePicture(request, response) ||
      serveGuestPhoto(request, response) ||
      legacy.serveImage(request, response),
    /** Ends the answers that would have no end. */
    endStreams: streams.close,
    async close() {
      clearInterval(credentialsFlush);
      ending.abort();
      await studio.close();
      await jobs.close();
      backends.close();
      imaging.close();
      await credentials.flushLastUse().catch(() => {});
      streams.close();
      credentials.close();
      locator.close();
      pictureLocator.close();
      await mailer?.close();
      stopFollowing();
      publicPlace?.close();
      blobs.close();
    },
    api,
    /** The earlier systems whose clients are answered. */
    legacy,
  };
}

/** What the web app's typed client is made of. */
export type AppType = Awaited<ReturnType<typeof createApp>>['api'];

const takesFiles = (c: Context): boolean =>
  (takesPictures.test(c.req.path) && !/^application\/json\b/i.test(c.req.header('content-type') ?? '')) ||
  /^\/(api\/v1\/(photos|uploads(\/[^/]+)?|share\/[^/]+\/photos)|s\/[^/]+\/photos)$/.test(c.req.path);

/** Where a file comes, or JSON in its place. */
const takesPictures = /^\/api\/v1\/(me\/pictures\/[^/]+|organizations\/[^/]+\/logo)$/;

function patternOf(c: Context): string {
  const matched = /^\/(api|s)\//.test(c.req.path) ? c.req.routePath : '/*';
  return matched === '*' ? '/*' : matched;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function readCookie(request: IncomingMessage): string | undefined {
  const all = request.headers.cookie;
  if (!all) return undefined;
  const start = all.startsWith(`${accounts.sessionCookie}=`) ? 0 : all.indexOf(`; ${accounts.sessionCookie}=`) + 2;
  if (start === 1) return undefined;
  const end = all.indexOf(';', start);
  return all.slice(start + accounts.sessionCookie.length + 1, end < 0 ? undefined : end);
}

function nodeContext(request: IncomingMessage, address: ReturnType<ReturnType<typeof createAddressReader>>) {
  return { req: { header: (name: string) => headerOf(request, name) }, var: { address } };
}

function refuse(
  response: ServerResponse,
  error: AppError,
  headers: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, unknown>> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ ...error.toBody(), ...more });
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
    ...(typeof error.details.retry_after === 'number' ? { 'retry-after': String(error.details.retry_after) } : {}),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
