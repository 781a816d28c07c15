import { formatCount } from '#lib/format.ts';
import { MOST_TRIED } from './tried-pictures.ts';

/** Where a visitor's pictures are, and for how long. */
export function keepingWords(count: number, isUnkept: boolean): { title: string; text: string } {
  if (isUnkept) {
    return {
      title: `${formatCount(count, 'picture')}, gone with this page`,
      text: 'This browser keeps nothing for pages, as in a private window. Save what you like as files before you leave.',
    };
  }
  return {
    title: `${formatCount(count, 'picture')}, kept in this browser`,
    text: `The server keeps none. Whoever uses this browser sees them: on a shared computer, delete them before you go. There is room for ${MOST_TRIED}.`,
  };
}
