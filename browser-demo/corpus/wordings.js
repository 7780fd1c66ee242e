/** Other ways to say parts of what companies.js has customers say, so that the same trouble is not told in the same sentence. */

const WORDINGS = [
  // anywhere
  ['nobody', 'no one|not a soul|not one person'], ['nothing', 'nothing at all|not a thing|absolutely nothing'], ['still', 'still|even now|after all this time'], ['again', 'again|once more|yet again'],
  ['does not work', 'does not work|is not working|refuses to work|is dead'], ['never', 'never|never once|simply never'], ['charged', 'charged|billed|debited'], ['broken', 'broken|bust|out of order'],
  ['vanished', 'vanished|disappeared|is gone'], ['waiting', 'waiting|kept waiting'], ['asked for', 'asked for|wanted|requested'], ['paid', 'paid|already paid|have paid'], ['the app', 'the app|your app|the mobile app'],
  ['the website', 'the website|your site|the web page'], ['my kids', 'my kids|the children'], ['overnight', 'overnight|from one day to the next'], ['my card', 'my card|my bank card'], ['hotline', 'hotline|helpline|phone line'],
  // airline
  ['is delayed by', 'is delayed by|is running late by|has been pushed back'], ['at the gate knows why', 'at the gate knows why|tells us why|has an explanation'], ['did not come out', 'did not come out|was not on the belt|failed to appear|has not shown up'],
  ['the carousel is empty', 'the carousel is empty|everyone else has theirs|the belt stopped long ago|no trace of it'], ['suitcase', 'suitcase|bag|luggage|case'], ['sitting on the tarmac', 'sitting on the tarmac|stuck in the plane on the ground|parked beside the runway'],
  ['connection in', 'connection in|onward flight from|connecting flight in'], ['now I sleep on a bench', 'now I sleep on a bench|and the next one goes tomorrow|so much for my evening'], ['no air conditioning', 'no air conditioning|no water, no air'],
  ['with my clothes', 'with my clothes|with anything to wear'], ['smashed', 'smashed|broken off|cracked'],
  // bank
  ['was refused', 'was refused|was declined|got rejected|did not go through'], ['although there is plenty of money', 'although there is plenty of money|with a full account|and my balance is fine'], ['this is embarrassing', 'this is embarrassing|people were staring|in front of a long queue'],
  ['stood at the till', 'stood at the till|was at the checkout|there I was, paying'], ['logs me out', 'logs me out|throws me out|signs me off'], ['the second I open it', 'the second I open it|right after the start|before I see my balance'], ['locked out', 'locked out|shut out|blocked'],
  // telecom, electricity
  ['no internet', 'no internet|no connection|no wifi|offline'], ['is on again', 'is on again|blinks again|came back'], ['nothing loads', 'nothing loads|every page times out|I cannot open a single site'], ['line dead', 'line dead|dead line|line is gone'], ['everything is down', 'everything is down|all is out'],
  ['no power', 'no power|no electricity|no current'], ['lights went out', 'lights went out|it went dark|all lamps went off'], ['freezer is thawing', 'freezer is thawing|food in the freezer is melting|I can throw away my food'], ['blackout', 'blackout|outage|power cut'], ['jumped to', 'jumped to|went up to|is suddenly'],
  ['calls drop', 'calls drop|I get cut off|conversations end'],
  // parcels, food, shop
  ['tracking says delivered', 'tracking says delivered|according to the tracking it was handed over|status: delivered'], ['there is nothing here', 'there is nothing here|I have received nothing|no sign of it|not in the hall, not at the neighbours'], ['has not moved', 'has not moved|is stuck|shows no new scan'],
  ['looks as if an elephant sat on it', 'looks as if an elephant sat on it|arrived flat as a pancake|has a hole on every side'], ['never turned up', 'never turned up|did not get here|got lost'], ['where is my', 'where is my|any idea where my|what happened to my'],
  ['minutes late', 'minutes late|minutes overdue|minutes behind'], ['rider', 'rider|courier|driver'], ['stone cold', 'stone cold|cold as ice|lukewarm at best'], ['ordered', 'ordered|bought|paid for'], ['dishes missing', 'dishes missing|items not in the bag'], ['got a garden hose', 'got a garden hose|received a set of forks|unpacked dog food'],
  ['in the rain', 'in the rain|in the pouring rain|in full view of the street'],
  // streaming, games, home
  ['stops every few seconds', 'stops every few seconds|keeps buffering|stutters all the time'], ['spinning circle', 'spinning circle|loading wheel|frozen picture'], ['too many devices', 'too many devices|that the limit of devices is reached'], ['crashes', 'crashes|closes|dies'], ['cannot connect', 'cannot connect|no connection|unable to log on'],
  ['kicked from', 'kicked from|thrown out of|disconnected from'], ['shows offline', 'shows offline|drops off the network|loses the connection'], ['locked out of my own home', 'locked out of my own home|standing before my own door'], ['forgot who it belongs to', 'forgot who it belongs to|no longer answers'],
  // hotels, cars, insurance
  ['nobody comes', 'nobody comes|no one has come to look'], ['was given away', 'was given away|had gone to someone else'], ['for a scratch', 'for a scratch|for a tiny scratch|over a scratch'], ['that was there before', 'that was there before|I did not make|older than my trip'], ['a booking and no car', 'a booking and no car|a confirmation and no vehicle'],
  ['is open for', 'is open for|has been lying there for|is undecided after'], ['an assessor', 'an assessor|an expert'], ['still blocked', 'still blocked|still on hold|not released'], ['fees', 'fees|charges'], ['refund', 'refund|money back'],
].map(([part, ways]) => [new RegExp(`(?<![\\w{])${part}(?![\\w}])`), ways.split('|')]);

/** The pattern with some of its parts said otherwise. */
export function reword(pattern, random) {
  for (const [part, ways] of WORDINGS) if (part.test(pattern) && random.chance(0.75)) pattern = pattern.replace(part, random.pick(ways));
  return pattern;
}
