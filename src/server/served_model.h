// The one model that this server answers with, as its APIs show it. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/evaluator.h"

namespace plimsoll::server {

struct ServedModel {
  std::string name;
  std::uint64_t file_bytes = 0;
  std::int64_t modified = 0;  // seconds since 1970, of the newer file
  std::string digest;         // changes with the files' names, sizes and times
  bool sees = false;          // it has a vision encoder

  /// With or without Ollama's ":latest"; empty: whichever there is.
  bool answers_to(std::string_view asked) const;
};

ServedModel served_model(const ModelFiles& files);

}  // namespace plimsoll::server
