/** What a task asks for, by its words, and which sentences speak of it: where it says "complain", those in which something went wrong. English. */

interface Cue {
  readonly task: RegExp;
  readonly for: RegExp;
  readonly against: RegExp;
}

const THANKS = /\b(thank(s|ful)?|thx|love(ly)?|great|joy|excellent|perfect|wonderful|brilliant|helpful|recommend|happy|pleased|credit (to|where)|kudos|deserves|well done|best)\b/i;
const TROUBLE = /n['’]t\b|\b(not|no|never|nothing|nobody|cannot|without|still (waiting|nothing|no|not|un\w+)|again|broken|broke|smashed|late|missing|lost|wrong|refused?|charged|fail\w*|crash\w*|errors?|stuck|down|cut off|dead|rejected|declined|blocked|worst|useless|slow|cancelled|overcharged|hours|weeks?|twice)\b/i;
const ANSWER = /\b(please (send|check|try|restart|open|go|keep|use|buy)|you can|we (have|will|are|can)|we['’]ll|our)\b/i;
const SORRY = /\b(sorry|apolog\w+|regret)\b/i;

const CUES: readonly Cue[] = [
  { task: /\b(agents?|support|staff|team) (answer|repl|respond|advis|say|do|offer|solve)|\banswered\b/i, for: ANSWER, against: SORRY },
  { task: /complain|problem|issue|wrong|unhappy|dissatisf|angry|annoy|negative|pain|broken|fail|trouble|dislike/i, for: TROUBLE, against: new RegExp(`${THANKS.source}|${SORRY.source}`, 'i') },
  { task: /prais|happy|satisf|\b(like|love|enjoy)\b|positive|going well|compliment/i, for: THANKS, against: TROUBLE },
  { task: /\bask(ing|ed)?\b|question|want to know|request|wonder/i, for: /\?|\b(could|can|may) (you|i|we)\b|\b(i|we)('d| would) like\b|\b(i|we) (want|need|demand)\b|^please\b|^(how|what|when|where|which|who|why|is|are|do|does|will)\b/i, against: THANKS },
];

/** 1, −1, or 0 for each sentence. */
export function cueOf(task: string): (sentence: string) => number {
  const cue = CUES.find((each) => each.task.test(task));
  if (!cue) return () => 0;
  return (sentence) => (cue.against.test(sentence) ? -1 : cue.for.test(sentence) ? 1 : 0);
}
