import { render } from 'preact';

render(<h1>Customer support analyst</h1>, document.getElementById('app')!);
