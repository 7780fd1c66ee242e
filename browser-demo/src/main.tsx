import { render } from 'preact';
import { openTab } from './analyst/tab.js';
import { App } from './ui/app.js';
import { applyTheme } from './ui/top-bar.js';
import './ui/style.css';

applyTheme();
render(<App tab={openTab()} />, document.getElementById('app')!);
