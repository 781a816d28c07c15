export { type Fault, type Verification, verifyStorage } from './verify-storage.ts';
