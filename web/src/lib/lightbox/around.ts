import type { Gallery, Place } from '#lib/timeline/gallery.svelte.ts';

/** Photos before and after another, as far as their months are loaded: `before` of them, it, and `after`. */
export function around(gallery: Gallery, id: string, before: number, after: number): Place[] {
  const place = gallery.find(id);
  if (!place) return [];
  const { shapes } = gallery;
  const collect = (step: -1 | 1, most: number): Place[] => {
    const places: Place[] = [];
    let month = shapes.findIndex((shape) => shape.month === place.month);
    let index = place.index + step;
    while (places.length < most) {
      const section = gallery.section(shapes[month]?.month ?? '');
      if (!section) break;
      if (index < 0 || index >= section.id.length) {
        month += step;
        index = step > 0 ? 0 : (gallery.section(shapes[month]?.month ?? '')?.id.length ?? 0) - 1;
        continue;
      }
      if (section.pending[index] === null) places.push({ month: section.month, index });
      index += step;
    }
    return places;
  };
  return [...collect(-1, before).reverse(), place, ...collect(1, after)];
}
