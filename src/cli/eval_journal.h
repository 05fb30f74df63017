// The answers of a run that is not over, so that an interrupted one goes on where it stopped: a file beside
// the one that is to be written, a line for each answer.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "plimsoll/error.h"

namespace plimsoll::cli {

/// Movable; belongs to one thread.
class EvalJournal {
 public:
  /// `run` is one line that says which questions are asked how; answers of another run are not gone on with:
  /// fails with `invalid_argument`. Fails with `io`. A last line that was cut short is asked again.
  static Expected<EvalJournal> open(const std::filesystem::path& result, const std::string& run);

  /// What was answered before, in order.
  const std::vector<std::string>& answers() const { return answers_; }

  Expected<void> add(const std::string& answer);

  /// The result in its place, whole or not at all; then the journal goes.
  Expected<void> finish(const std::string& text);

 private:
  EvalJournal(std::filesystem::path result, std::filesystem::path path)
      : result_(std::move(result)), path_(std::move(path)) {}
  Expected<void> read(const std::string& run);

  std::filesystem::path result_;
  std::filesystem::path path_;
  std::vector<std::string> answers_;
  std::ofstream out_;
};

}  // namespace plimsoll::cli
