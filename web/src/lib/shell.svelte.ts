import type { Component } from 'svelte';

let upload = $state.raw<(() => void) | null>(null);
let mark = $state.raw<Component | null>(null);
/** Somebody asked before the uploads were loaded: they are opened then, so that no click is lost. */
let isWanted = false;

/** What the frame around the pages offers to them. */
export const shell = {
  /** Opens the picker, as soon as there is one. */
  upload(): void {
    if (upload) upload();
    else isWanted = true;
  },
  /** What stands beside one's own oval, once it is known that something does. */
  get mark() {
    return mark;
  },
  set mark(part: Component | null) {
    mark = part;
  },
};

/** Connects the header's Upload button and the key `u`: `$effect(() => provideUpload(openPicker))`. */
export function provideUpload(open: () => void): () => void {
  upload = open;
  if (isWanted) open();
  isWanted = false;
  return () => {
    if (upload === open) upload = null;
  };
}
