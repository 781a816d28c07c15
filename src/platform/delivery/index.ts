export type { Deliverable } from './deliverable.ts';
export { createDelivery, type Delivery, type DeliveryStats } from './delivery.ts';
