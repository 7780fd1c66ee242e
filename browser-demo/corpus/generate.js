/**
 * The corpus of the demo: posts of customers and agents of companies that do not exist. All of it follows from a seed.
 *
 *   node browser-demo/corpus/generate.js [account]   prints it, a JSON object a line
 */
import { pathToFileURL } from 'node:url';
import { companies } from './companies.js';
import { expand, sentence } from './grammar.js';
import * as phrases from './phrases.js';
import { Random } from './random.js';
import { hurry, mistype } from './typos.js';
import { reword } from './wordings.js';

export const CORPUS_SEED = 20_240_101;
const FIRST_DAY = Date.UTC(2024, 0, 1), DAYS = 731, DAY_MS = 86_400_000;
const CHANNELS = { social: 5, email: 3, chat: 3, review: 2, forum: 1 };
const MOODS = { angry: 4, tired: 3, polite: 4, plain: 5, ironic: 2 };
const TONGUES = {   // what makes a sentence belong to a mood
  angry: { end: ['!', '!!', '.', '?!'], shouts: 0.25, history: 0.55, consequence: 0.5 },
  tired: { end: ['.', '...', '.'], shouts: 0, history: 0.6, consequence: 0.35 },
  polite: { end: ['.'], shouts: 0, history: 0.35, consequence: 0.15 },
  plain: { end: ['.', '.', ''], shouts: 0, history: 0.3, consequence: 0.1 },
  ironic: { end: ['.', '.', ' 👏'], shouts: 0, history: 0.3, consequence: 0.2 },
};

/**
 * @typedef {object} CorpusPost
 * @property {string} id
 * @property {string} text
 * @property {string} author a handle, or `Name (Company)` of agents
 * @property {string} createdAt by RFC 3339
 * @property {boolean} inbound of a customer
 * @property {'social' | 'email' | 'chat' | 'review' | 'forum'} channel
 * @property {'positive' | 'neutral' | 'negative'} sentiment
 * @property {string} product
 * @property {string} topic
 * @property {string} threadId
 * @property {boolean} resolved of the thread, in the end
 *
 * @typedef {{ name: string, label: string, blurb: string, language: 'en', synthetic: true, channels: string[], products: string[], posts: CorpusPost[] }} CorpusAccount
 *
 * @param {{ seed?: number, share?: number }} [options] `share`: of each account's posts, 0 … 1
 * @returns {CorpusAccount[]}
 */
export function generateCorpus({ seed = CORPUS_SEED, share = 1 } = {}) {
  return companies.map((company, i) => {
    const random = new Random(seed + i * 7919);
    const count = Math.ceil(company.posts * share);
    const posts = [];
    const seen = new Set();
    for (let thread = 1; posts.length < count; thread++) {
      for (const post of makeThread(company, `t${thread}`, random)) {
        if (posts.length === count || seen.has(post.text)) continue;
        seen.add(post.text);
        posts.push({ id: `${company.name}-${posts.length + 1}`, ...post });
      }
    }
    const { name, label, kind, products } = company;
    return { name, label, blurb: `Synthetic posts to a fictional ${kind}`, language: 'en', synthetic: true, channels: Object.keys(CHANNELS), products, posts };
  });
}

/** A customer writes; often an agent answers, asks, solves; the customer may come back. */
function makeThread(company, threadId, random) {
  const first = random.pick(phrases.firstNames), last = random.pick(phrases.lastNames);
  const author = random.pick([`${first.toLowerCase()}_${random.pick(phrases.handles)}`, `${first.toLowerCase()}${last.toLowerCase()}${random.between(1, 99)}`, `${first}${last[0]}`, `the_${last.toLowerCase()}s`]);
  const agent = random.pick(company.agents);
  const channel = random.weighted(CHANNELS);
  const product = random.pick(company.products);
  const incident = random.chance(0.14) ? random.pick(company.incidents) : undefined;
  const kind = incident ? 'problem' : random.weighted({ problem: 78, question: 13, praise: 9 });
  const [topic, says, answers] = kind === 'problem' ? pickProblem(company, incident?.[1], random)
    : kind === 'question' ? ((asked) => ['question', [asked[0]], [asked[1]]])(random.pick(company.questions)) : ['praise', phrases.praise, []];
  const own = { first, last, author, agent, product, topic, person: company.agents, company: company.label, handle: company.handle, hashtag: `#${company.label.replace(/\W/g, '')}${random.pick(['Fail', '', 'Help'])}`, initials: agent.slice(0, 2).toUpperCase(), ref: company.ref(random), ref2: company.ref };
  const words = { ...phrases.words, ...company.words, ...own };
  const say = (pattern) => expand(pattern, words, random);

  const solved = random.chance(0.62);
  const answered = kind !== 'praise' && channel !== 'review' ? random.chance(0.72) : random.chance(0.25);
  let at = incident ? Date.parse(incident[0]) + random.between(6 * 60, 40 * 60) * 60_000 : FIRST_DAY + random.between(0, DAYS - 8) * DAY_MS + timeOfDay(random);
  const posts = [];
  const post = (text, inbound, sentiment) => {
    posts.push({
      text: `${text.charAt(0).toUpperCase()}${text.slice(1)}`, author: inbound ? author : `${agent} (${company.label})`, createdAt: new Date(at).toISOString(), inbound, channel, sentiment, product, topic, threadId,
      resolved: answered && solved,
    });
    at += random.between(2, inbound ? 600 : 1500) * 60_000;
  };
  const fromCustomer = (text, sentiment) => post(random.chance(0.14) ? mistype(text, random) : random.chance(0.14) ? hurry(text, random) : text, true, sentiment);

  const mood = random.weighted(MOODS);
  if (kind === 'praise') fromCustomer(say(`${random.pick(says)}${random.chance(0.5) ? ` It was about {thing} and {product}.` : ''} ${random.pick(['', '{hashtag}', '👍', 'Keep it up!', '{first}'])}`), 'positive');
  else fromCustomer(opening(kind, mood, reword(random.pick(says), random), say, random), kind === 'question' || (mood === 'polite' && random.chance(0.5)) || (mood === 'plain' && random.chance(0.4)) ? 'neutral' : 'negative');
  if (!answered) return posts;

  if (kind === 'praise') {
    post(say(`${random.pick(phrases.agentGreetings)} [what a lovely message|you made our day|this goes up on the wall], [I will tell {agent}|the team says thank you|we pass it on]. ${random.pick(phrases.agentClosings)}`), false, 'positive');
    return posts;
  }
  const agentSays = (...parts) => post(parts.map(say).filter(Boolean).map((part, i) => (i ? sentence(part) : part)).join(' '), false, 'neutral');
  if (kind === 'problem' && random.chance(0.55)) {
    agentSays(random.pick(phrases.agentGreetings), random.pick(phrases.agentEmpathy), random.pick(phrases.agentQuestions), random.pick(phrases.agentClosings));
    fromCustomer(say(random.pick(phrases.details)), 'neutral');
  }
  agentSays(random.pick(phrases.agentGreetings), random.chance(0.4) ? random.pick(phrases.agentEmpathy) : '', `${random.pick(answers)}.`, random.pick(phrases.agentClosings));
  if (kind === 'problem' && random.chance(0.5)) fromCustomer(say(random.pick(solved ? phrases.thanks : phrases.unsolved)), solved ? 'positive' : 'negative');
  return posts;
}

function opening(kind, mood, pattern, say, random) {
  const tongue = TONGUES[mood];
  let claim = say(pattern);
  if (tongue.shouts && random.chance(tongue.shouts)) claim = claim.toUpperCase();
  const start = kind === 'question' ? say(random.pick([...phrases.openings.polite, ''])) : say(random.pick(phrases.openings[mood]));
  const runsOn = /[:,]$|when$|where$|^@/.test(start) || start === '';
  const end = claim.endsWith('?') || claim.endsWith('!') ? '' : random.pick(tongue.end);
  const parts = [start, (runsOn ? claim : sentence(claim)) + end];
  if (kind === 'question') parts.push(/{product}/.test(pattern) || random.chance(0.6) ? '' : say('It is about {product}.'), say(random.pick(phrases.closings)));
  else {
    if (random.chance(0.35)) parts.push(say(random.pick(['Product: {product}.', 'I have {product}.', 'It is about {product}.', 'This is with {product}.', '{product} [customer|user] since {month}.', '({product})'])));
    if (random.chance(tongue.history)) parts.push(sentence(say(random.pick(phrases.histories))));
    if (random.chance(tongue.consequence)) parts.push(sentence(say(random.pick(phrases.consequences))));
    parts.push(say(random.pick(phrases.asks)), say(random.pick(phrases.closings)));
  }
  return parts.filter(Boolean).join(' ');
}

function pickProblem(company, topic, random) {
  if (topic) return company.problems.find(([name]) => name === topic);
  return company.problems[Math.min(random.between(0, company.problems.length), random.between(0, company.problems.length - 1))];   // the first more often
}

/** Few write at night. */
const timeOfDay = (random) => (random.chance(0.9) ? random.between(7 * 60, 23 * 60) : random.between(0, 7 * 60)) * 60_000;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { name, posts } of generateCorpus()) {
    if (!process.argv[2] || process.argv[2] === name) for (const post of posts) console.log(JSON.stringify({ account: name, ...post }));
  }
}
