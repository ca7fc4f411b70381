// Naive Bayes over words: how often each word stands in the examples of each intent. Knows nothing of gRPC.
//
// Source: McCallum and Nigam 1998, "A Comparison of Event Models for Naive Bayes Text Classification" (multinomial model).

const OUT_OF_SCOPE = "oos";

const wordsOf = (text) => text.normalize("NFKC").toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? [];

// Returns a model that is only counts, whatever the order of the examples: { intents, smoothing, examples, total, words, vocabulary }.
export function learn(intents, examples, smoothing) {
  const classes = [...intents, OUT_OF_SCOPE];
  const rows = new Map(classes.map((name, row) => [name, row]));
  const zeros = () => classes.map(() => 0);
  const model = { intents, smoothing, examples: zeros(), total: zeros(), words: {} };
  const counts = new Map();
  for (const { text, intent } of examples) {
    const row = rows.get(intent);
    if (row === undefined) throw new RangeError(`an example is of ${intent}, which is no intent of the spec`);
    model.examples[row] += 1;
    for (const word of wordsOf(text)) {
      if (!counts.has(word)) counts.set(word, zeros());
      counts.get(word)[row] += 1;
      model.total[row] += 1;
    }
  }
  for (const word of [...counts.keys()].sort()) model.words[word] = counts.get(word);
  model.vocabulary = counts.size;
  return model;
}

// Returns { scores, out_of_scope }: the probability of each intent if one is meant, and how sure it is that none is.
export function rank(model, text) {
  const taught = model.examples.reduce((sum, count) => sum + count, 0);
  const known = wordsOf(text).filter((word) => Object.hasOwn(model.words, word));
  const logs = model.examples.map((count, row) => {
    let sum = Math.log((count + 1) / (taught + model.examples.length));
    for (const word of known) {
      const seen = model.words[word][row] + model.smoothing;
      sum += Math.log(seen / (model.total[row] + model.smoothing * (model.vocabulary + 1)));
    }
    return sum;
  });
  const shares = softmax(logs);
  const missed = shares.pop();
  // A message without a word that was ever taught is about something else.
  return { scores: softmax(logs.slice(0, -1)), out_of_scope: known.length ? missed : 1 };
}

function softmax(logs) {
  const highest = Math.max(...logs);
  const powers = logs.map((log) => Math.exp(log - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
