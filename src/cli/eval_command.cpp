#include <chrono>
#include <iostream>
#include <optional>
#include <utility>

#include "cli/commands.h"
#include "cli/eval_journal.h"
#include "cli/eval_score.h"
#include "cli/exit_code.h"
#include "cli/question_set.h"
#include "cli/terminal.h"
#include "report/json.h"

namespace plimsoll::cli {

namespace {

using report::Json;

Json settings_json(const EvalOptions& options, const Session& session) {
  const auto& kv = options.session.kv_type;
  return {{"image_size", session.device.configuration.image_size},
          {"max_tokens", session.device.configuration.max_tokens},
          {"temperature", session.device.configuration.temperature},
          {"kv_type", kv ? Json(to_string(*kv)) : Json(nullptr)},
          {"vision_kernels", to_string(options.session.vision_kernels)}};
}

Json score_json(const Score& score) {
  return {{"right", score.right}, {"asked", score.asked}, {"accuracy", score.share()}};
}

// What has to be the same for answers to be gone on with.
std::string run_of(const std::vector<SetQuestion>& questions, const EvalOptions& options,
                   const Session& session) {
  std::size_t all = questions.size();
  for (const SetQuestion& each : questions) {
    for (const std::string& part : {each.image.string(), each.question, each.answer}) {
      all = all * 1099511628211U + std::hash<std::string>{}(part);
    }
  }
  return report::text_of({{"model", session.model.text.string()},
                          {"vision", session.model.vision.string()},
                          {"questions", all},
                          {"settings", settings_json(options, session)}});
}

class Evaluation {
 public:
  Evaluation(const EvalOptions& options, const Session& session, const std::vector<SetQuestion>& questions)
      : options_(options), session_(session), questions_(questions) {}

  // Answers that an earlier run left.
  void take(const std::vector<std::string>& answers) {
    for (const std::string& answer : answers) {
      if (answers_.size() < questions_.size()) add(answer);
    }
  }

  // Asks what is not answered yet; false where it was interrupted.
  Expected<bool> ask(std::optional<EvalJournal>& journal) {
    const auto begun = std::chrono::steady_clock::now();
    ProgressLine progress;
    for (int asked = 0; answers_.size() < questions_.size(); ++asked) {
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
      progress.show(score_progress(score_, static_cast<int>(questions_.size()), asked, seconds.count()));
      auto result = session_.evaluator->generate(request(questions_[answers_.size()]), {}, {});
      if (!result) return tl::unexpected(result.error());
      if (result->finish_reason == FinishReason::cancelled) return false;
      if (journal) {
        if (auto kept = journal->add(result->answer); !kept) return tl::unexpected(kept.error());
      }
      add(result->answer);
    }
    return true;
  }

  const EvalScore& score() const { return score_; }

  std::string json() const {
    Json tasks = Json::object(), answers = Json::array();
    for (const auto& [task, score] : score_.tasks()) tasks[task] = score_json(score);
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const SetQuestion& each = questions_[i];
      answers.push_back({{"image", each.image.string()},
                         {"question", each.question},
                         {"expected", each.answer},
                         {"answer", answers_[i]},
                         {"task", each.task},
                         {"right", is_right(answers_[i], each.answer)}});
    }
    return report::text_of({{"model", session_.evaluator->model_info()},
                            {"questions", options_.questions},
                            {"settings", settings_json(options_, session_)},
                            {"all", score_json(score_.all())},
                            {"tasks", std::move(tasks)},
                            {"answers", std::move(answers)}},
                           1);
  }

 private:
  void add(const std::string& answer) {
    const SetQuestion& asked = questions_[answers_.size()];
    const bool right = is_right(answer, asked.answer);
    score_.add(asked.task, right);
    if (!right && options_.show_wrong)
      std::cout << asked.image.string() << ": " << asked.question << "\n  expected: " << asked.answer
                << "\n  answered: " << answer << "\n";
    answers_.push_back(answer);
  }

  static GenerationRequest request(const SetQuestion& asked) {
    Turn turn{.prompt = asked.question};
    if (!asked.image.empty()) turn.images.push_back({asked.image});
    return {.turns = {std::move(turn)}};
  }

  const EvalOptions& options_;
  const Session& session_;
  const std::vector<SetQuestion>& questions_;
  std::vector<std::string> answers_;
  EvalScore score_;
};

}  // namespace

int eval_command(EvalOptions options, Interrupt& interrupt) {
  if (!options.session.temperature) options.session.temperature = 0.0F;
  auto questions = read_question_set(options.questions);
  if (!questions) return report_error(questions.error(), false);
  auto session = session::open_session(options.session);
  if (!session) return report_error(session.error(), false);
  interrupt.call([&] { session->evaluator->cancel_generation(); });

  Evaluation evaluation(options, *session, *questions);
  std::optional<EvalJournal> journal;
  if (options.json) {
    auto opened = EvalJournal::open(*options.json, run_of(*questions, options, *session));
    if (!opened) return report_error(opened.error(), false);
    journal.emplace(std::move(*opened));
    evaluation.take(journal->answers());
  }
  const auto whole = evaluation.ask(journal);
  interrupt.call({});
  if (!whole) return report_error(whole.error(), false);
  std::cout << score_table(evaluation.score()) << std::flush;
  if (!*whole) {
    std::cerr << "plimsoll: interrupted" << (journal ? "; the same command goes on from here" : "") << "\n";
    return static_cast<int>(ExitCode::interrupted);
  }
  if (journal) {
    if (auto done = journal->finish(evaluation.json()); !done) return report_error(done.error(), false);
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace plimsoll::cli
