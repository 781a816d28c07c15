let count = $state(0);
let over = $state<string | null>(null);

/** Photos under way to an album, held by the pointer. */
export const photoDrag = {
  /** How many are held; 0 when nothing is. */
  get count() {
    return count;
  },
  set count(value: number) {
    count = value;
    // The sidebar shows what they can be dropped on.
    document.documentElement.classList.toggle('dropping', value > 0);
  },
  /** The album under the pointer. */
  get over() {
    return over;
  },
  set over(id: string | null) {
    over = id;
  },
};
