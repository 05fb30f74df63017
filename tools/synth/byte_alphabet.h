#pragma once

#include <string>
#include <string_view>

namespace plimsoll::synth {

// How GPT-2's byte-level BPE spells a byte: printable ones as themselves, the others as U+0100 onwards,
// so that a space is U+0120 and a line feed U+010A. UTF-8.
std::string spell_byte(unsigned char byte);

std::string spell_bytes(std::string_view bytes);

}  // namespace plimsoll::synth
