// How each side is called: the same files, the same picture, the same question, two threads. Pure functions.
#pragma once

#include <string>
#include <vector>

namespace plimsoll::bench {

using Command = std::vector<std::string>;

/// The programs and files of a comparison.
struct Setting {
  std::string ours;        // folder with our programs
  std::string peer;        // folder with llama.cpp's
  std::string models;      // folder with the synthetic models, as bench/compare writes them
  std::string picture;     // 640x480
  std::string example;     // a picture for the bundled model
  int rounds = 5;          // of everything but the next two
  int default_rounds = 5;  // of the default mmproj, with which llama-mtmd-cli takes half a minute
  int cancels = 200;       // in each phase

  std::string text() const;                             // q8_0
  std::string one_tile(const std::string& type) const;  // mmproj of that type, longest edge 512
  std::string many_tiles() const;                       // mmproj as the model is published, q8_0
};

/// One question about the picture, as text.
Command our_question(const Setting& setting, const std::string& mmproj);
Command peer_question(const Setting& setting, const std::string& mmproj);

Command with(Command command, const Command& words);

}  // namespace plimsoll::bench
