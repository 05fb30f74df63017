#include "cli/eval_journal.h"

#include "report/json.h"

namespace plimsoll::cli {

namespace {

using report::Json;

tl::unexpected<Error> not_written(const std::filesystem::path& path) {
  return tl::unexpected(Error{ErrorCode::io, path.string() + " could not be written"});
}

}  // namespace

Expected<EvalJournal> EvalJournal::open(const std::filesystem::path& result, const std::string& run) {
  EvalJournal journal(result, result.string() + ".part");
  if (auto done = journal.read(run); !done) return tl::unexpected(done.error());
  // Written anew: a line that was cut short must not be continued.
  journal.out_.open(journal.path_, std::ios::trunc);
  journal.out_ << run << "\n";
  for (const std::string& answer : journal.answers_) journal.out_ << report::text_of(Json(answer)) << "\n";
  if (!journal.out_.flush()) return not_written(journal.path_);
  return journal;
}

Expected<void> EvalJournal::read(const std::string& run) {
  std::ifstream before(path_);
  std::string line;
  if (!before || !std::getline(before, line) || before.eof()) return {};
  if (line != run) {
    return tl::unexpected(Error{ErrorCode::invalid_argument,
                                path_.string() +
                                    " holds answers to other questions or with other settings; remove "
                                    "it, or give another --json file"});
  }
  while (std::getline(before, line) && !before.eof()) {
    const Json answer = Json::parse(line, nullptr, false);
    if (!answer.is_string()) break;
    answers_.push_back(answer.get<std::string>());
  }
  return {};
}

Expected<void> EvalJournal::add(const std::string& answer) {
  out_ << report::text_of(Json(answer)) << "\n";
  if (!out_.flush()) return not_written(path_);
  answers_.push_back(answer);
  return {};
}

Expected<void> EvalJournal::finish(const std::string& text) {
  out_.close();
  std::ofstream whole(path_, std::ios::trunc);
  whole << text << "\n";
  whole.close();
  std::error_code failed;
  if (whole) std::filesystem::rename(path_, result_, failed);
  if (!whole || failed) return not_written(result_);
  return {};
}

}  // namespace plimsoll::cli
