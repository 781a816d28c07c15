import { ApiError, api } from '#lib/api.ts';
import type { PromptTemplate, StudioModel } from '#lib/api-schema.ts';
import { createResource } from '#lib/resource.svelte.ts';
import type { Shape } from './step-words.ts';

export type Studio = ReturnType<typeof createStudio>;

/** The API gives so many at once. */
const PAGE = 100;

/** All of them: there are 500 at the most. */
async function fetchTemplates(): Promise<PromptTemplate[]> {
  const found: PromptTemplate[] = [];
  for (;;) {
    const { items, total } = await api.get('/templates', {
      query: { limit: String(PAGE), offset: String(found.length) },
    });
    found.push(...items);
    if (items.length === 0 || found.length >= total) return found;
  }
}

/** What pictures are made with here, and what somebody has set for it. */
export function createStudio() {
  /** Whether something that makes pictures was asked and did not answer. */
  let isAway = $state(false);
  let isLooking = $state(false);

  const models = createResource(async () => {
    const { items } = await api.get('/models');
    if (items.length > 0) return items;
    // A server that has just started may not have looked yet.
    await look().catch(() => {});
    return (await api.get('/models')).items;
  });
  const settings = createResource(() => api.get('/settings'));
  const templates = createResource(fetchTemplates);

  async function look(): Promise<void> {
    isLooking = true;
    try {
      isAway = !(await api.post('/models/refresh')).success;
    } catch (error) {
      if (error instanceof ApiError && error.status === 502) isAway = true;
      throw error;
    } finally {
      isLooking = false;
    }
  }

  return {
    models,
    settings,
    templates,
    get isAway() {
      return isAway;
    },
    set isAway(is: boolean) {
      isAway = is;
    },
    get isLooking() {
      return isLooking;
    },
    get shapes(): readonly Shape[] {
      return settings.value?.generation.aspect_ratios ?? [];
    },
    /** That one step can ask for, as far as it is known by now. */
    get mostPictures(): number {
      return settings.value?.limits.max_batch_size ?? 10;
    },
    /** The one that was asked for where it is here, else the person's own, else the first. */
    modelOf(key: string | null): StudioModel | undefined {
      const all = models.value ?? [];
      const preferred = settings.value?.generation.default_model_key;
      return all.find((model) => model.key === key) ?? all.find((model) => model.key === preferred) ?? all[0];
    },
    /** Asks anew what there is. Never throws: `isAway` and the list tell. */
    async refresh(): Promise<void> {
      await look().catch(() => {});
      await models.load();
    },
  };
}
