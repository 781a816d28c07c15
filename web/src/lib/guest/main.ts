import { mount } from 'svelte';
import '#lib/tokens.css';
import '#lib/base.css';
import GuestPage from './GuestPage.svelte';

mount(GuestPage, { target: document.getElementById('app') as HTMLElement });
