#include "synth/byte_alphabet.h"

namespace plimsoll::synth {
namespace {

bool spells_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

unsigned code_point(unsigned byte) {
  if (spells_itself(byte)) return byte;
  unsigned position = 0;
  for (unsigned lower = 0; lower < byte; ++lower) {
    if (!spells_itself(lower)) ++position;
  }
  return 0x100 + position;
}

}  // namespace

std::string spell_byte(unsigned char byte) {
  const unsigned code = code_point(byte);
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
}

std::string spell_bytes(std::string_view bytes) {
  std::string spelled;
  for (const char byte : bytes) spelled += spell_byte(static_cast<unsigned char>(byte));
  return spelled;
}

}  // namespace plimsoll::synth
