export type { Deliverable } from './deliverable.ts';
export { createDelivery, type Delivery } from './delivery.ts';
export { namesTag } from './entity-tag.ts';
