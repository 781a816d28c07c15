/** light-dark() since 2024. Compiled for older browsers, it would be fixed at the root, and a part with a theme of its own would not follow. */
export const browsers = ['chrome123', 'edge123', 'firefox120', 'safari17.5'];
