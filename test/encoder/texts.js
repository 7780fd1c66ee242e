/** Texts of all kinds, the same at each call: what people write, what no one writes, and what breaks tokenizers. */
import { random } from '../conformance/random.js';

const odd = [
  'a', '.', '?!', ' ', '   ', ' leading', 'trailing  ', 'two  spaces', 'tab\there', 'line\nbreak', '\n', '\r\n', '\u0000', '…', '\u200b',
  '😀', '😀😀😀 so happy 👨‍👩‍👧', '💩'.repeat(50), '你好，世界', 'これはテストです', '한국어 텍스트', 'Привет, мир', 'مرحبا بالعالم', 'नमस्ते', 'naïve café', 'Ünïcödé ﬁne ﬂow',
  'ﷺ', '½ cup ① ™ Å ㎏', 'Ｆｕｌｌ　ｗｉｄｔｈ', 'e\u0301 and \u00e9', '\ud800 alone', 'alone \udfff', '▁', 'under▁score', '\ufffd', '<s>', '</s>', 'extra_token_id_1',
  'https://example.com/a/b?c=d&e=%20f#g', 'http://127.0.0.1:8080/', 'someone@example.org', 'C:\\Windows\\System32', '1234567890', '$1,000.00', '-12.5e-7', '2026-11-30T18:44:00Z',
  'MiXeD CaSe', 'SHOUTING!!!', 'camelCaseWord snake_case_word', 'supercalifragilisticexpialidocious', '{"json": [1, 2, null]}', '<b>bold</b>', 'x'.repeat(400), 'ab'.repeat(300),
  'the '.repeat(200), 'word '.repeat(126), 'word '.repeat(127), 'word '.repeat(128), 'word '.repeat(129), '. '.repeat(130),
];

const openings = ['my order', 'the app', 'your service', 'the card I got', 'our router', 'flight 312', 'the last update', 'a refund', 'the driver', 'my password'];
const events = [
  'has not arrived yet', 'crashes when I open it', 'was charged twice', 'stopped working after the storm', 'is much better than before', 'keeps asking me to log in',
  'was delayed by three hours', 'came with a broken screen', 'does not accept my address', 'is not what I asked for',
];
const endings = ['.', '!', ', please help', ' and nobody answers', '??', ' since Monday', ', thank you', '. What can I do about it?', ' :(', ''];
const characters = [...'abcdefghijklmnopqrstuvwxyz      ABCXYZ.,!?\'"-0123456789éß漢😀'];

function* generated() {
  const next = random(7);
  const of = (list) => list[Math.floor(next() * list.length)];
  const sentence = () => `${of(openings)} ${of(events)}${of(endings)}`;
  for (let i = 0; i < 100; i++) yield sentence();
  for (let i = 0; i < 60; i++) yield Array.from({ length: 1 + Math.floor(next() * 60) }, () => of(characters)).join('');
  for (let i = 0; i < 20; i++) yield Array.from({ length: 2 + i }, sentence).join(' ');
}

export const texts = [...odd, ...generated()];
