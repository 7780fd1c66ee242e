/** What customers and agents say whatever it is about. Patterns of grammar.js. */

export const openings = {
  angry: [
    '[Seriously|Honestly|Unbelievable|Ridiculous|Appalling|Shocking]{mark}', '[What|what] [is going on|on earth is happening] [over there|with you people|at {company}]?', 'I am [done|fuming|livid|beyond annoyed|so angry right now].',
    '[Worst|Most useless|Most frustrating] [service|company|experience] [ever|in years|I have dealt with].', '{handle} [explain this|do better|wake up]{mark}', 'Third [time|week] [running|in a row]{mark}',
    'How [hard|difficult] can it be?', 'This is [a joke|beyond a joke|not acceptable|shameful|outrageous].', 'Thanks for nothing, {company}.', 'I [want|demand] [an explanation|a manager|answers].',
  ],
  tired: [
    '[So|Well|Right], here we are again.', 'I [really|just] [do not|don\'t] [want|have the energy] to [argue|chase this again].', '[Day|Week] {small} of [waiting|this].', 'Not sure who reads these, but [here goes|anyway].',
    '[Sigh.|Oh dear.|Great.|Lovely.|Brilliant.]', 'I have [explained|described] this {small} times [already|now].', 'Long-time customer, [first|second] complaint.', 'Still [nothing|no news|waiting|no answer].', 'Hoping for [more luck|better luck] here than on the phone.',
  ],
  polite: [
    '[Hi|Hello|Hi there|Good morning|Good evening|Hey] [{company}|team|all|there|],', 'Dear [{company}|support team|Sir or Madam],', '[Hi|Hello], I hope you are well.', 'Hello, [I could use some help|could you help me] [please|]?', 'Sorry to bother you[ again|],',
    '{handle} [hi|hello|hey] -', '[Quick|Small|Simple] [question|thing|issue] -', 'Good [morning|afternoon|evening].', 'Hope this is the right [place|channel|inbox].',
  ],
  plain: ['', '', '', '', '{handle}', '{handle}', 'So', 'Hm.', 'FYI:', 'Just so you know:', 'Reporting [a problem|an issue]:', 'Subject: {topic}.', 'Update:', 'Anyone else?'],
  ironic: [
    'Love it when', 'Big fan of the new feature where', 'Fun fact:', 'Another day, another surprise:', 'Congratulations, {company}:', 'Plot twist:', 'Today in things that should just work:', 'Bravo.', 'Apparently this is normal now:',
  ],
};

export const histories = [
  'It [started|began] {when}.', 'This [has been going on|has lasted] for {duration}.', 'I [called|rang|phoned] {when} and [was cut off|got nowhere|was told to wait|nobody picked up].', 'I [waited|was on hold] for {minutes} minutes [listening to the same song|before the line dropped|to speak to someone].',
  'Your chat bot [just repeats itself|sends me in circles|does not understand me].', 'I have [written|emailed|sent messages] {small} times [without a reply|and heard nothing].', '[{person}|Someone] on your team [promised|told me|swore] it would be [fixed|sorted|done] {soon}.', 'It worked [fine|perfectly] until {when}.',
  'I [already|have already] [restarted everything|tried another device|tried again twice|checked the help pages].', 'The [help page|FAQ|website] says nothing about [it|this].', 'My [neighbour|sister|colleague|flatmate|father] has [the same|exactly the same] [problem|trouble].', 'Same [thing|story] as [last month|last time|in {month}].',
  'The [reference|case number|ticket] is {ref}.', 'See {ref}.', 'My case {ref} was [closed|marked as solved] [without a word|and nothing is solved].', 'I was [sent|transferred] from one [department|desk] to [the next|another] {small} times.',
];

export const consequences = [
  'I [missed|almost missed] [{event}|an important call|my appointment] because of [it|this|you].', 'It [has cost|cost] me {money} [so far|already|in the end].', 'I [work|am working] from home and [cannot do a thing|lose money every hour].', 'My [kids|children|parents] were [in tears|very upset|counting on it].',
  'I [had to|was forced to] [borrow money|take a day off|buy a replacement|rearrange everything].', 'We have [{event}|guests] [on {weekday}|tomorrow|this weekend].', 'I am [abroad|ill|on crutches|travelling with a baby] and this is the last thing I need.', 'It is [stressful|embarrassing|exhausting|a waste of my time].',
  'I am [seriously|this close to|] [thinking of leaving|considering another provider|looking at your competitors].', 'I feel [ignored|cheated|let down|like a number].', 'Nobody [seems to care|takes responsibility].', 'I [have trusted you for years|recommended you to all my friends].',
];

export const asks = [
  'Can [someone|anyone|you] [help|look into it|sort this out|call me back][ please|]?', 'Please [fix|look at|check] [it|this] [today|soon|as soon as you can|before {weekday}].', 'What [should|can|do] I do [now|next]?', 'When will [it|this] be [fixed|solved|done]?', 'I [want|would like|expect] [my money back|a refund|compensation|an apology].',
  'How do I [complain formally|escalate this|reach a person]?', 'Is there [anything|something] I can do [myself|on my side]?', 'Please [call|ring|write to] me on [my mobile|the number you have|this address].', 'Could you [confirm|tell me] [where we stand|what happens next|how long it takes]?', 'Any [update|news|idea][ please|]?', 'Help{mark}',
  '[Advice|Help|A hint] [would be|is] [welcome|appreciated].', 'Who can I talk to?', '',  '', '', '',
];

export const closings = [
  '', '', '', '', '', 'Thanks[ in advance|][, {first}|].', 'Regards, {first}', '[Best|Cheers|Kind regards], {first}', '{hashtag}', '{hashtag}', 'Thank you[!|.]', '[Waiting|Disappointed|Tired], {first}', ':(', '🙄', '😡', '🤦', '🙏',
];

export const thanks = [
  '[Thanks|Thank you|Cheers][ so much| a lot| {agent}|], [that worked|all good now|it is solved|everything is back|sorted].', '[Wow|Oh|Great], that was [quick|fast|painless]. [Thanks{mark}|Much appreciated.|Faith restored.]', '[It works|Works] again[ since this morning|], [thanks|thank you] for [your help|being patient|looking into it].',
  'You were right, [it was the {thing}|that did it|one restart was enough]. Thanks {agent}[.|!]', '[Perfect|Brilliant|Lovely|Excellent], {agent} [deserves a raise|is a star|saved my week].', 'Money is back [in my account|on my card], [thank you|thanks a lot]. [Took a while though.|]', 'OK, [fair enough|I can live with that]. Thanks for [explaining|being honest|the quick answer].',
  '[Confirmed|Yes], {ref} is [closed|settled] from my side. [Thanks|Thank you] {agent}.',
];

export const unsolved = [
  '[Tried|Did] [that|all of that], [no change|nothing|same as before].', 'That [is not|isn\'t] what I asked.', '[No|Sorry, no], it [still does not work|is exactly as broken as before].', '[Sent|I sent] you [the details|a message|everything] {when}, [no answer|nothing since|still waiting].', 'You [already|] said that {when}. [What now?|I do not believe it any more.]',
  'So [nobody is responsible|that is it|I just have to wait]? [Great service.|Unreal.|OK.]', 'I am [cancelling|leaving|closing everything] [at the end of the month|today|as soon as I can].', 'And [again|once more] [the same|it happened again] {when}.', 'A [voucher|standard reply|copy and paste answer] does not [help|solve it].',
];

export const details = [
  'It is {ref}[.| if that helps.]', '[Sure|Of course], {ref}, [in the name of|booked by|registered to] {first} {last}.', '[Sent|Just sent] you a [message|DM] with {ref}.', 'The screen says {code}[.| and nothing else.| every time.]', '[Yes|Yep], {code} again, {when}.', 'Postcode {postcode}, {ref}.', '[It began|First noticed] {when}, [on my phone|on the laptop|on the tablet|in the app|on the website].', '{ref}. [Is that enough?|Anything else you need?|]',
  'I [found|have] two numbers: {ref} and {ref2}.',
];

export const agentGreetings = [
  '[Hi|Hello|Hey|Good day] {first}[,|!|.]', '[Hi|Hello] [there|and thanks for writing|and thank you for your message][.|,]', '@{author}', '@{author} [Hi|Hello] {first},', 'Dear {first},', 'Thanks for [getting in touch|reaching out|letting us know|flagging this][, {first}|].',
];
export const agentEmpathy = [
  'We are [sorry|very sorry|so sorry] [about this|to read this|for the trouble|that you had to wait].', 'That is [not|certainly not] [the experience|the service] we want [for you|you to have].', 'I [understand|can see] how [frustrating|annoying|tiring] this is.', 'Apologies for the [wait|inconvenience|confusion].', 'That should not have happened.', '', '', '',
];
export const agentQuestions = [
  'Could you [send|give|message] us [the reference|your reference|the number] [and your postcode|and a screenshot|]?', 'Which [device|version|address] is this about, and [since when|what does the screen say]?', 'Please [send|DM] us your [details|reference] so [that|] we can [look into it|find the case].', 'Do you [see|get] an error code?', 'When did [it|this] [start|happen first]?', 'May we call you [today|tomorrow|on {weekday}]?',
];
export const agentClosings = ['^{initials}', '^{initials}', '- {agent}', '{agent} from {company}', 'Let us know how it goes. ^{initials}', 'We are here until {hour}. ^{initials}', 'Kind regards, {agent}', '', 'Reference: {ref}.'];

export const praise = [
  'Just [wanted|had] to say [thank you|well done] to {agent}: [patient|kind|quick|funny] and [knew what to do|solved it in {minutes} minutes].', 'Credit where it is due: {company} [answered|called back] within {minutes} minutes.', '[Never|I never] thought I would [write|say] this, but {company} support is [excellent|wonderful|a joy].', '[Five stars|10/10|Top marks] for {agent} [today|this morning|on the phone].',
  'I [came|called] angry and left [happy|smiling]. [Well done|Thanks], {agent}.', '[Still|After {small} years still] [happy|very happy] with {product}.', 'Shout-out to {agent} who [stayed on the line|did not give up|went out of the way] until [it worked|everything was right].',
];

export const words = {
  mark: ['!', '!!', '.', '?!', '...'],
  small: ['two', 'three', 'four', 'five', 'six', 'seven', 'eight'],
  minutes: (random) => String(random.between(3, 95)),
  hour: ['8 pm', '9 pm', '10 pm', 'midnight', '6 pm'],
  weekday: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  month: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'],
  when: ['yesterday', 'this morning', 'last night', 'on {weekday}', 'last {weekday}', 'two days ago', 'a week ago', 'at 3 am', 'around noon', 'over the weekend', 'in {month}', 'since the last update', 'right after lunch', 'an hour ago'],
  soon: ['by {weekday}', 'within 24 hours', 'within two days', 'the same evening', 'in an hour', 'by the end of the week'],
  duration: ['two hours', 'five hours', 'all day', 'three days', 'a week', 'ten days', 'a month', 'six weeks', 'half a year', '40 minutes', 'the whole weekend', 'nine days'],
  money: (random) => `${random.pick(['€', '$', '£'])}${random.chance(0.4) ? random.between(3, 60) : random.between(60, 900)}${random.chance(0.5) ? `.${random.between(10, 99)}` : ''}`,
  count: (random) => String(random.between(2, 14)),
  event: ['a wedding', 'a job interview', 'a birthday party', 'my exam', 'a funeral', 'the school concert', 'a family reunion', 'the final', 'a hospital appointment', 'our anniversary', 'a conference'],
  postcode: (random) => `${random.pick(['BX', 'KL', 'MO', 'TR', 'VE', 'WQ'])}${random.between(1, 28)} ${random.between(1, 9)}${random.pick(['AB', 'CD', 'FH', 'JT', 'PQ'])}`,
};

export const firstNames = 'Ada Alba Amir Anouk Arjun Astrid Ben Bruno Carla Chidi Clara Dae Daria Diego Elif Emeka Enzo Esther Farah Felix Fiona Gita Goran Hana Hugo Ida Imani Ines Ivan Jada Jonas Jun Kai Kemi Lars Leila Lena Liam Luz Maeve Malik Mara Mateo Mei Milo Nadia Nils Noor Olga Omar Otto Paula Priya Quinn Rafael Rosa Ruben Sami Sara Selma Sven Tariq Tess Uma Viktor Wanda Yara Yusuf Zoe'.split(' ');
export const lastNames = 'Abbott Adeyemi Almeida Bakker Banerjee Bell Castro Chen Dahl Dubois Evans Ferrari Fischer Garcia Haddad Hansen Ito Ivanov Jensen Kaya Khan Kowalski Larsen Lopez Marino Meyer Moreau Nakamura Nguyen Novak Okafor Olsen Park Patel Petrov Quist Reyes Rossi Sato Schmidt Silva Singh Tanaka Turner Vargas Virtanen Weber Wilson Yilmaz Zhou'.split(' ');
export const handles = 'runs bakes reads cycles hikes codes sings paints travels gardens knits cooks skates surfs writes draws'.split(' ');
