import { ApiError, api, messageOf } from '#lib/api.ts';
import type { Link, LinkChange } from '#lib/api-schema.ts';

export type Target = { album_id: string } | { photo_id: string };

/** The sentence the server has for one field of a refused change; else the one for the whole. */
function sentenceFor(error: unknown, field: string): string {
  const issues = error instanceof ApiError ? error.details.issues : null;
  const issue = Array.isArray(issues) ? issues.find((one: { field?: string }) => one.field === field) : null;
  return (issue as { message?: string } | null)?.message ?? messageOf(error);
}

/** The links to one album or photo, and the one of them that is looked at. Changes are saved as they are made, one after the other. */
export function createLinks(target: Target, wanted?: string) {
  let links = $state.raw<readonly Link[] | null>(null);
  let chosen = $state(wanted);
  let problem = $state<string | null>(null);
  let isMaking = $state(false);
  /** Sentences beside the fields they are about. */
  let refused = $state.raw<Readonly<Record<string, string>>>({});
  let saves = $state(0);
  let turn: Promise<unknown> = Promise.resolve();

  const current = $derived(links?.find(({ id }) => id === chosen) ?? links?.[0] ?? null);

  function put(link: Link) {
    links = links?.map((other) => (other.id === link.id ? link : other)) ?? null;
  }

  async function load(): Promise<void> {
    problem = null;
    try {
      links = (await api.get('/share-links', { query: { ...target, limit: '100' } })).items;
    } catch (error) {
      problem = messageOf(error);
    }
  }
  void load();

  return {
    get all() {
      return links;
    },
    get current() {
      return current;
    },
    get problem() {
      return problem;
    },
    get isMaking() {
      return isMaking;
    },
    get refused() {
      return refused;
    },
    /** Grows with every change that was saved. */
    get saves() {
      return saves;
    },
    load,
    /** Reads them anew, after whatever is being saved. */
    refresh(): void {
      turn = turn.then(load);
    },
    choose(id: string) {
      chosen = id;
      refused = {};
    },
    refuse(field: string, sentence: string) {
      refused = { ...refused, [field]: sentence };
    },
    async make(): Promise<boolean> {
      if (isMaking) return false;
      isMaking = true;
      problem = null;
      try {
        const { id } = await api.post('/share/create', { json: target });
        const made = await api.get('/share-links/:id', { param: { id } });
        links = [made, ...(links ?? [])];
        chosen = id;
        refused = {};
        return true;
      } catch (error) {
        problem = messageOf(error);
        return false;
      } finally {
        isMaking = false;
      }
    },
    /** Saves a change of the current link. Resolves to false when it was refused: the sentence stands beside the field then. */
    change(values: LinkChange): Promise<boolean> {
      const link = current;
      if (!link) return Promise.resolve(false);
      const fields = Object.keys(values);
      refused = Object.fromEntries(Object.entries(refused).filter(([field]) => !fields.includes(field)));
      const saving = turn.then(async () => {
        try {
          put(await api.patch('/share-links/:id', { param: { id: link.id }, json: values }));
          saves += 1;
          return true;
        } catch (error) {
          refused = { ...refused, ...Object.fromEntries(fields.map((field) => [field, sentenceFor(error, field)])) };
          return false;
        }
      });
      turn = saving;
      return saving;
    },
    /** Closes the current link for good. */
    async close(): Promise<boolean> {
      const link = current;
      if (!link) return false;
      problem = null;
      try {
        await api.delete('/share-links/:id', { param: { id: link.id } });
        links = links?.filter(({ id }) => id !== link.id) ?? null;
        return true;
      } catch (error) {
        problem = messageOf(error);
        return false;
      }
    },
  };
}

export type Links = ReturnType<typeof createLinks>;
