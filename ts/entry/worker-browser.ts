/** What a worker of a browser runs. */
import { serve } from '../worker/host.js';

serve(globalThis as never);
