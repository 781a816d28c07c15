/** Its front end is served with everything below `/api`, which its proxy takes off; scripts call without. */
export const at = (...paths: readonly string[]): readonly string[] => paths.flatMap((path) => [path, `/api${path}`]);
