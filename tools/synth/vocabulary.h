#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::synth {

// Text is in the byte alphabet (see byte_alphabet.h), as GGUF wants it; a control token's is plain.
struct Token {
  std::string text;
  bool control;
};

struct Merge {
  std::string left;
  std::string right;
};

// A byte-level BPE vocabulary without training data: the same on every call.
struct Vocabulary {
  std::vector<Token> tokens;  // by id
  std::vector<Merge> merges;  // best first
};

inline constexpr std::size_t kVocabularySize = 49280;

// Pictures are split into at most this many rows and columns: there is a token for each cell.
inline constexpr unsigned kMaxGridSide = 6;

inline constexpr std::string_view kEndOfText = "<|endoftext|>";
inline constexpr std::string_view kTurnStart = "<|im_start|>";
inline constexpr std::string_view kImEnd = "<|im_end|>";
inline constexpr std::string_view kTurnEnd = "<end_of_utterance>";

Vocabulary make_vocabulary();

// Throws std::out_of_range when there is no such token.
std::size_t id_of(const Vocabulary& vocabulary, std::string_view text);

}  // namespace plimsoll::synth
