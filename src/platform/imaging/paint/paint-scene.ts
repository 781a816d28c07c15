import * as atmosphere from './atmosphere.ts';
import { type Canvas, fillAll } from './canvas.ts';
import { layShape, type Tools } from './lay-shape.ts';
import type { Layer, Scene } from './scene.ts';

/** Paints a composition, farthest first. `done` is told after each layer how many of them there are by now. */
export function paintScene(canvas: Canvas, scene: Scene, tools: Tools, done: (layers: number) => void): void {
  fillAll(canvas, scene.sky, 0, Math.max(1, scene.horizon * canvas.scale));
  for (const [at, layer] of scene.layers.entries()) {
    paintLayer(canvas, layer, tools);
    done(at + 1);
  }
}

const ways: {
  readonly [Kind in Layer['kind']]: (canvas: Canvas, layer: Extract<Layer, { kind: Kind }>, tools: Tools) => void;
} = {
  shape: layShape,
  glow: atmosphere.glow,
  clouds: (canvas, layer, { cloud }) => atmosphere.clouds(canvas, layer, cloud),
  // Haze and cut edges do not go together: there is just enough of it to tell near from far.
  mist: (canvas, layer, { cloud, manner }) =>
    atmosphere.mist(canvas, manner.isHard ? { ...layer, strength: layer.strength * 0.35 } : layer, cloud),
  water: (canvas, layer, { cloud, manner }) => atmosphere.water(canvas, layer, cloud, manner.isHard),
  aurora: (canvas, layer, { cloud }) => atmosphere.aurora(canvas, layer, cloud),
};

/** Paints one layer over what is there. */
export function paintLayer(canvas: Canvas, layer: Layer, tools: Tools): void {
  (ways[layer.kind] as (canvas: Canvas, layer: Layer, tools: Tools) => void)(canvas, layer, tools);
}
