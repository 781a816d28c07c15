let upload = $state.raw<(() => void) | null>(null);

/** What the frame around the pages offers to them. */
export const shell = {
  /** Opens the picker; null while nothing can take files. */
  get upload() {
    return upload;
  },
};

/** Connects the header's Upload button and the key `u`: `$effect(() => provideUpload(openPicker))`. */
export function provideUpload(open: () => void): () => void {
  upload = open;
  return () => {
    if (upload === open) upload = null;
  };
}
