import { createOutbound, OutboundError } from '#platform/http/outbound.ts';
import type { Backend } from './backend.ts';
import { version } from './invokeai/answers.ts';
import { createClient } from './invokeai/client.ts';
import { explainFailure } from './invokeai/explain-failure.ts';
import { followBatch } from './invokeai/follow-batch.ts';
import { deleteImage, fetchImage } from './invokeai/images.ts';
import { listModels, readCatalogue } from './invokeai/models.ts';
import { openProgress } from './invokeai/progress.ts';
import { createQueue } from './invokeai/queue.ts';
import { itemsOf, sourcesOf } from './invokeai/tickets.ts';
import { discardBatch, tidyUp } from './invokeai/tidy-up.ts';

export interface InvokeAiOptions {
  /** Such as `http://127.0.0.1:9090`; a path is put before all others. */
  readonly url: string;
  /** Of an account, where it has accounts: one that is no administrator will do. */
  readonly email?: string;
  readonly password?: string;
  readonly connectMs?: number;
  readonly readMs?: number;
  /** On the internet rather than in one's own network, as a rented machine is. */
  readonly isPublic?: boolean;
  /** Refuses one without accounts, which would be everybody's who finds it. */
  readonly requireSignIn?: boolean;
  /** Makes the account the administrator of one that has none yet, before anybody else does. */
  readonly claim?: boolean;
  /** ms between the questions what has become of a batch; the last goes on. */
  readonly poll?: readonly number[];
  /** ms between the questions whether maintenance is over. */
  readonly maintenanceWaits?: readonly number[];
}

/**
 * An InvokeAI of version 6, with or without accounts.
 * @throws BackendError when nothing may be sent to that address
 */
export function createInvokeAi(options: InvokeAiOptions): Backend {
  const {
    url,
    email,
    password,
    requireSignIn = false,
    claim = false,
    poll = [2000, 3000, 5000, 8000, 10_000],
  } = options;
  const account = email && password ? { email, password } : null;
  const outbound = open(options);
  const client = createClient({ outbound, account, requireSignIn, claim });
  const queue = createQueue(client);
  const deps = {
    client,
    queue,
    poll,
    openProgress: (batchId: string) => openProgress({ outbound, token: client.token }, batchId),
  };

  return {
    driver: 'invokeai',
    capabilities: {
      fromPhoto: true,
      progress: true,
      cancelOne: true,
      negativePrompt: true,
      seeds: true,
      keepsResults: true,
    },
    destination: new URL(url).host,
    // It makes one picture after the other; whose batch is next is decided here.
    lanes: 1,
    async check(signal) {
      const answer = await client.ask(version, '/api/v1/app/version', { signal });
      return answer.version;
    },
    listModels: async (signal) => listModels(await readCatalogue(client, signal)),
    follow: (batch, context) => followBatch(deps, batch, context),
    fetch: (image, write, fetching) =>
      fetchImage(client, image, write, { ...fetching, waits: options.maintenanceWaits }),
    forget: (image, signal) => deleteImage(client, image, signal),
    async cancel({ id }, ticket, only, signal) {
      const known = itemsOf(ticket);
      if (!only) {
        await queue.cancelBatch(id, signal);
        // Whoever follows it may be gone by now.
        const sources = sourcesOf(ticket);
        if (sources.size > 0) await tidyUp(deps, id, { known, sources }, signal);
        return;
      }
      for (const n of only) {
        const itemId = known.get(n);
        if (itemId !== undefined) await queue.cancelItem(itemId, signal);
      }
    },
    discard: ({ id }, ticket, keep, signal) => discardBatch(deps, id, { ticket, keep }, signal),
    close: () => outbound.close(),
  };
}

function open(options: InvokeAiOptions) {
  try {
    return createOutbound(options);
  } catch (error) {
    if (error instanceof OutboundError) throw explainFailure(error);
    throw error;
  }
}
