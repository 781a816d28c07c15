import { blur } from './blur.ts';
import { emptyPlane, type Plane } from './canvas.ts';

/** Which way the edges run, for squares of two by two pixels: a unit vector along them, and how clear it is, 0 to 1. */
export interface Flow {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly clarity: Float32Array;
  /** Squares in a row. */
  readonly width: number;
}

/**
 * The direction of the edges by the smoothed structure tensor, whose smaller eigenvalue's vector lies along them (T. Brox et al.,
 * Adaptive Structure Tensors and their Applications, 2006; J. Kyprianidis, J. Döllner, Image Abstraction by Structure Adaptive
 * Filtering, TPCG 2008).
 * @param sigma how far around it is looked, in pixels of the plane
 */
export function flowOf(plane: Plane, sigma: number): Flow {
  const { data, width, height } = plane;
  const size = { width: (width + 1) >> 1, height: (height + 1) >> 1 };
  const [xx, xy, yy] = [emptyPlane(size), emptyPlane(size), emptyPlane(size)];
  for (let y = 0, i = 0; y < height; y++) {
    const up = y > 0 ? -width : 0;
    const down = y < height - 1 ? width : 0;
    const row = (y >> 1) * size.width;
    for (let x = 0; x < width; x++, i++) {
      const left = x > 0 ? -1 : 0;
      const right = x < width - 1 ? 1 : 0;
      const nw = data[i + up + left] as number;
      const ne = data[i + up + right] as number;
      const sw = data[i + down + left] as number;
      const se = data[i + down + right] as number;
      const gx = ne + se - nw - sw + 2 * ((data[i + right] as number) - (data[i + left] as number));
      const gy = sw + se - nw - ne + 2 * ((data[i + down] as number) - (data[i + up] as number));
      const to = row + (x >> 1);
      xx.data[to] = (xx.data[to] as number) + gx * gx;
      xy.data[to] = (xy.data[to] as number) + gx * gy;
      yy.data[to] = (yy.data[to] as number) + gy * gy;
    }
  }
  const [e, f, g] = [blur(xx, sigma / 2).data, blur(xy, sigma / 2).data, blur(yy, sigma / 2).data];
  const [tx, ty, clarity] = [new Float32Array(e.length), new Float32Array(e.length), new Float32Array(e.length)];
  for (let i = 0; i < e.length; i++) {
    const difference = (e[i] as number) - (g[i] as number);
    const root = Math.sqrt(difference * difference + 4 * (f[i] as number) * (f[i] as number));
    const sum = (e[i] as number) + (g[i] as number);
    // Along the edge: across the gradient, whose angle is half that of (e - g, 2f).
    const angle = 0.5 * Math.atan2(2 * (f[i] as number), difference);
    tx[i] = -Math.sin(angle);
    ty[i] = Math.cos(angle);
    clarity[i] = root / (sum + 4e-4);
  }
  return { x: tx, y: ty, clarity, width: size.width };
}

/** Of a difference of Gaussians: so little that no line comes of it, whatever lies along the flow. */
const NO_LINE = 0.0012;

/**
 * The mean of a response along the flow, `reach` pixels to each side, two pixels a step: lines become unbroken, and dots between
 * them go. What is next to nothing is left as it is.
 */
function smoothAlong(plane: Plane, flow: Flow, reach: number): Plane {
  const { data, width, height } = plane;
  const out = emptyPlane(plane);
  const steps = Math.max(1, Math.round(reach / 2));
  const weights = Float64Array.from({ length: steps + 1 }, (_, i) => Math.exp((-2 * i * i) / (steps * steps)));
  const sum = weights.reduce((all, weight, i) => all + (i ? 2 : 1) * weight, 0);
  const mostX = width - 1.001;
  const mostY = height - 1.001;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const own = data[i] as number;
      if (own < NO_LINE && own > -NO_LINE) {
        out.data[i] = own;
        continue;
      }
      let total = own * (weights[0] as number);
      const start = (y >> 1) * flow.width + (x >> 1);
      for (let side = -2; side <= 2; side += 4) {
        let px = x;
        let py = y;
        let dx = (flow.x[start] as number) * side;
        let dy = (flow.y[start] as number) * side;
        for (let k = 1; k <= steps; k++) {
          px += dx;
          py += dy;
          px = px < 0 ? 0 : Math.min(px, mostX);
          py = py < 0 ? 0 : Math.min(py, mostY);
          const x0 = px | 0;
          const y0 = py | 0;
          const at = y0 * width + x0;
          const u = px - x0;
          const top = (data[at] as number) + ((data[at + 1] as number) - (data[at] as number)) * u;
          const bottom =
            (data[at + width] as number) + ((data[at + width + 1] as number) - (data[at + width] as number)) * u;
          total += (top + (bottom - top) * (py - y0)) * (weights[k] as number);
          // The vectors have no sign of their own: go on the way one came.
          const square = (y0 >> 1) * flow.width + (x0 >> 1);
          const fx = (flow.x[square] as number) * 2;
          const fy = (flow.y[square] as number) * 2;
          if (fx * dx + fy * dy < 0) {
            dx = -fx;
            dy = -fy;
          } else {
            dx = fx;
            dy = fy;
          }
        }
      }
      out.data[i] = total / sum;
    }
  }
  return out;
}

/**
 * The difference of two Gaussians, smoothed along the flow: about -0.1 times an edge's height on its dark side, 0 where nothing is.
 * Lines are what a threshold makes of it (H. Kang, S. Lee, C. Chui, Coherent Line Drawing, NPAR 2007; H. Winnemöller,
 * J. Kyprianidis, S. Olsen, XDoG: An eXtended Difference-of-Gaussians Compendium, Computers & Graphics 2012).
 * @param sigma half the width of a line, in pixels of the plane
 * @param reach how far along, in pixels of the plane
 */
export function lineResponse(plane: Plane, flow: Flow, sigma: number, reach: number): Plane {
  const near = blur(plane, sigma);
  // Of what is blurred already, only the rest: variances add up.
  const far = blur(near, sigma * Math.sqrt(1.6 ** 2 - 1));
  const out = emptyPlane(plane);
  for (let i = 0; i < out.data.length; i++) out.data[i] = (near.data[i] as number) - (far.data[i] as number);
  return plane.width < 3 || plane.height < 3 ? out : smoothAlong(out, flow, reach);
}
