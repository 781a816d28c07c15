declare module '*.svg?icon' {
  /** The elements inside the icon's `<svg>`, drawn in `currentColor` on a 256 × 256 canvas. */
  const drawing: string;
  export default drawing;
}
