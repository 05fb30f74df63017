#include "synth/vocabulary.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "synth/byte_alphabet.h"

namespace plimsoll::synth {
namespace {

// Occurrences in 10000 letters of English text, a to z.
constexpr std::array<std::uint64_t, 26> kLetterFrequency{817, 149, 278, 425, 1270, 223, 202, 609, 697,
                                                         15,  77,  403, 241, 675,  751, 193, 10,  599,
                                                         633, 906, 276, 98,  236,  15,  197, 7};
constexpr std::uint64_t kSpaceFrequency = 1800;
constexpr std::uint64_t kCapitalRarity = 25;

// The commonest pairs of letters in English, best first: without them "th" would lose to "ee".
constexpr std::string_view kCommonPairs =
    "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de "
    "hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr "
    "ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su";

// Tokens of four and of three characters; those of five fill the rest. Of seven splits tried, this gave the
// fewest tokens for English: 2.6 characters a token for prose.
constexpr std::size_t kQuads = 34000;
constexpr std::size_t kTriples = 8000;

// Spare control tokens: with the picture's and the turn's end they make the last 128.
constexpr std::size_t kReserved = 88;

// A token that may be made of two others. Single characters have no left part.
struct Candidate {
  std::string left;
  std::string right;
  std::uint64_t score;
};

std::uint64_t letter_score(char letter) {
  return kLetterFrequency.at(static_cast<std::size_t>(letter - 'a'));
}

// Equal scores go by text: the order, and with it the file, must not depend on the library's sort.
void best_first(std::vector<Candidate>& candidates) {
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return std::tie(b.score, a.left, a.right) < std::tie(a.score, b.left, b.right);
  });
}

std::vector<Candidate> small_letters() {
  std::vector<Candidate> letters;
  for (char letter = 'a'; letter <= 'z'; ++letter) letters.push_back({{}, {letter}, letter_score(letter)});
  return letters;
}

std::vector<Candidate> capitals() {
  std::vector<Candidate> letters;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    const auto capital = static_cast<char>(letter - 'a' + 'A');
    letters.push_back({{}, {capital}, std::max<std::uint64_t>(1, letter_score(letter) / kCapitalRarity)});
  }
  return letters;
}

std::vector<Candidate> space() { return {{{}, spell_byte(' '), kSpaceFrequency}}; }

std::vector<Candidate> joined(std::vector<Candidate> first, const std::vector<Candidate>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<Candidate> combine(const std::vector<Candidate>& lefts, const std::vector<Candidate>& rights) {
  std::vector<Candidate> combined;
  combined.reserve(lefts.size() * rights.size());
  for (const Candidate& left : lefts) {
    for (const Candidate& right : rights) {
      combined.push_back({left.left + left.right, right.left + right.right, left.score * right.score});
    }
  }
  best_first(combined);
  return combined;
}

// Pairs are scored by their letters, but a common one is lifted above what letters alone can reach, and one
// that begins a word higher still: else the space before a word would often be left alone.
std::vector<Candidate> letter_pairs() {
  std::vector<Candidate> pairs =
      combine(joined(space(), joined(capitals(), small_letters())), small_letters());
  pairs = joined(std::move(pairs), combine(space(), capitals()));
  for (Candidate& pair : pairs) {
    const std::size_t place = kCommonPairs.find(pair.left + pair.right);
    if (place != std::string_view::npos) pair.score += 8'000'000 - 10'000 * place;
    if (pair.left == spell_byte(' ')) pair.score += 16'000'000;
  }
  best_first(pairs);
  return pairs;
}

bool is_small_letters(const Candidate& pair) {
  return std::ranges::all_of(pair.left + pair.right, [](char c) { return c >= 'a' && c <= 'z'; });
}

// Runs of line feeds and spaces. mtmd asks for two line feeds as one token.
std::vector<Candidate> blank_runs() {
  const std::string feed = spell_byte('\n');
  const std::string blank = spell_byte(' ');
  return {{feed, feed, 0}, {blank, blank, 0}, {blank + blank, blank + blank, 0}};
}

void add_control(Vocabulary& vocabulary, std::string_view text) {
  vocabulary.tokens.push_back({std::string(text), true});
}

void add_merges(Vocabulary& vocabulary, const std::vector<Candidate>& candidates, std::size_t count) {
  for (std::size_t i = 0; i < std::min(count, candidates.size()); ++i) {
    const Candidate& candidate = candidates[i];
    vocabulary.tokens.push_back({candidate.left + candidate.right, false});
    vocabulary.merges.push_back({candidate.left, candidate.right});
  }
}

void add_merged_tokens(Vocabulary& vocabulary, std::size_t end) {
  const std::vector<Candidate> pairs = letter_pairs();
  add_merges(vocabulary, blank_runs(), SIZE_MAX);
  add_merges(vocabulary, pairs, SIZE_MAX);

  std::vector<Candidate> small;
  std::ranges::copy_if(pairs, std::back_inserter(small), is_small_letters);
  std::vector<Candidate> quads = combine(pairs, small);
  quads.resize(kQuads);
  add_merges(vocabulary, quads, SIZE_MAX);
  add_merges(vocabulary, combine(pairs, small_letters()), kTriples);
  add_merges(vocabulary, combine(quads, small_letters()), end - vocabulary.tokens.size());
}

std::vector<std::string> picture_tokens() {
  std::vector<std::string> texts{"<global-img>"};
  for (unsigned row = 1; row <= kMaxGridSide; ++row) {
    for (unsigned column = 1; column <= kMaxGridSide; ++column) {
      texts.push_back("<row_" + std::to_string(row) + "_col_" + std::to_string(column) + ">");
    }
  }
  texts.insert(texts.end(), {"<fake_token_around_image>", "<image>"});
  return texts;
}

}  // namespace

Vocabulary make_vocabulary() {
  const std::vector<std::string> picture = picture_tokens();
  Vocabulary vocabulary;
  for (const std::string_view text : {kEndOfText, kTurnStart, kImEnd}) add_control(vocabulary, text);
  for (unsigned byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.push_back({spell_byte(static_cast<unsigned char>(byte)), false});
  }
  add_merged_tokens(vocabulary, kVocabularySize - picture.size() - kReserved - 1);
  for (const std::string& text : picture) add_control(vocabulary, text);
  for (std::size_t i = 0; i < kReserved; ++i) {
    add_control(vocabulary, "<|reserved_special_token_" + std::to_string(i) + "|>");
  }
  add_control(vocabulary, kTurnEnd);
  return vocabulary;
}

std::size_t id_of(const Vocabulary& vocabulary, std::string_view text) {
  const auto found = std::ranges::find(vocabulary.tokens, text, &Token::text);
  if (found == vocabulary.tokens.end()) throw std::out_of_range("no token " + std::string(text));
  return static_cast<std::size_t>(found - vocabulary.tokens.begin());
}

}  // namespace plimsoll::synth
