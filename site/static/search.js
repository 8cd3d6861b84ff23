"use strict";

// Finds sections. A word stands for its other endings and spellings, and for the other names that the glossary gives it.
const GREEK = { α: "alpha", β: "beta", γ: "gamma", ε: "epsilon", ϵ: "epsilon", θ: "theta", μ: "mu", σ: "sigma", φ: "phi" };
const LIMIT = 40;
const WEIGHTS = { heading: 12, where: 4, word: 30 };

const spell = (text) =>
  text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[̀-ͯ'’]/gu, "")
    .replace(/[α-ωϵ]/gu, (letter) => ` ${GREEK[letter] ?? letter} `);

// One spelling for reparametrisation and reparameterization, one stem for amortized and amortization.
const stem = (word) => {
  if (word.length < 4) return word;
  return word
    .replace(/parametri(?=[sz])/u, "parameteri")
    .replace(/i[sz](?=(?:e[drs]?|ers|ing|ations?)$)/u, "iz")
    .replace(/our(?=s?$)/u, "or")
    .replace(/(?:ations?|ing|ed|es|s|e)$/u, (end, place) => (place > 2 ? "" : end));
};

const words = (text) => (spell(text).match(/[\p{L}\p{N}]+/gu) ?? []).map(stem);

const placesOf = (phrase, text) => {
  const places = [];
  for (let i = 0; i + phrase.length <= text.length; i++)
    if (phrase.every((word, j) => text[i + j] === word || (word.length > 3 && text[i + j].startsWith(word)))) places.push(i);
  return places;
};

// The question in units: a name of the glossary with its other names, or a single word.
const unitsOf = (question, groups) => {
  const asked = words(question);
  const units = [];
  for (let i = 0; i < asked.length; ) {
    let best = { length: 1, phrases: [[asked[i]]] };
    for (const group of groups)
      for (const name of group)
        if (name.length >= best.length && name.every((word, j) => asked[i + j] === word))
          best = { length: name.length, phrases: [name, ...group] };
    units.push(best.phrases);
    i += best.length;
  }
  return units;
};

// What was typed counts in full, its other names a little less.
const count = (phrases, text) => {
  let most = 0;
  for (const [rank, phrase] of phrases.entries())
    most = Math.max(most, placesOf(phrase, text).length * (rank === 0 ? 1 : 0.6));
  return most;
};

const score = (section, units) => {
  let sum = 0;
  let met = 0;
  let own = false; // a page's title alone does not make each of its sections an answer
  for (const phrases of units) {
    const inHeading = count(phrases, section.words.heading);
    const inWhere = count(phrases, section.words.where);
    const inText = count(phrases, section.words.text);
    if (inHeading || inText || inWhere) met++;
    own ||= inHeading > 0 || inText > 0;
    const isWord = section.kind === "word" && phrases.some((phrase) => String(phrase) === String(section.words.heading));
    sum += WEIGHTS.heading * Math.min(inHeading, 1) + WEIGHTS.where * Math.min(inWhere, 1) + Math.log2(1 + inText);
    if (isWord) sum += WEIGHTS.word;
  }
  return { sum, met: own ? met : 0 };
};

const search = ({ sections, names }, question) => {
  const groups = names.map((group) => group.map(words));
  const units = unitsOf(question, groups);
  const scored = sections.map((section) => {
    const parts = Object.fromEntries(["heading", "where", "text"].map((part) => [part, words(section[part])]));
    return { ...section, ...score({ ...section, words: parts }, units) };
  });
  const most = Math.max(0, ...scored.map(({ met }) => met));
  const found = scored.filter(({ met }) => most > 0 && met === most);
  return { found: found.sort((a, b) => b.sum - a.sum), complete: most === units.length, units };
};

const isMatch = (word, units) =>
  units.some((phrases) => phrases.some((phrase) => phrase.some((part) => placesOf([part], words(word)).length > 0)));

// The words around the first place that speaks of it.
const excerpt = (text, units, length = 34) => {
  const all = text.split(" ");
  const hits = all.map((word) => isMatch(word, units));
  const density = all.map((_, i) => hits.slice(i, i + 12).filter(Boolean).length);
  const start = Math.max(0, density.indexOf(Math.max(...density)) - 6);
  return all.slice(start, start + length).map((word, i) => ({ word, hit: hits[start + i] }));
};

const write = (parent, tag, text, className = "") => {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  parent.append(element);
  return element;
};

const showResult = (list, section, units, root) => {
  const item = write(list, "li", "");
  const link = write(item, "a", section.heading);
  link.href = `${root}${section.url}${section.id ? `#${section.id}` : ""}`;
  if (!section.where.endsWith(section.heading)) write(item, "span", section.where, "where");
  const context = write(item, "p", "", "context");
  for (const { word, hit } of excerpt(section.text, units)) {
    if (hit) write(context, "mark", word);
    else context.append(word);
    context.append(" ");
  }
};

const show = (place, question, index, root) => {
  const { found, complete, units } = search(index, question);
  const named = complete ? `“${question}”` : `a part of “${question}”; nothing holds all of it`;
  const shown = found.slice(0, LIMIT);
  const number = `${found.length} ${found.length === 1 ? "place speaks" : "places speak"}`;
  write(place, "p", found.length ? `${number} of ${named}.` : `Nothing speaks of “${question}”.`, "search-summary");
  const list = write(place, "ul", "", "search");
  for (const section of shown) showResult(list, section, units, root);
};

const answer = () => {
  const question = new URLSearchParams(location.search).get("q")?.trim() ?? "";
  const place = document.getElementById("search-results");
  for (const field of document.querySelectorAll("input[name=q]")) field.value = question;
  place.setAttribute("role", "status");
  if (question) show(place, question, window.vaeSections, document.documentElement.dataset.content_root ?? "");
};

if (typeof document === "object") document.addEventListener("DOMContentLoaded", answer);

if (typeof module === "object") module.exports = { search, excerpt, words };
