#include "prove/rounds.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "prove/caller_time.h"
#include "prove/milestones.h"
#include "prove/observer.h"

namespace plimsoll::prove {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kQuestion = "Describe this image.";

double ms_since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

// The end of an answer as its caller sees it. What it waited for a processor after the last text came is not
// the evaluator's doing.
class AnswerEnd {
 public:
  void text_came() { waited_ = waited_for_processor(); }

  /// REQUIRES: called right after generate() returned, `whole_ms` after it was called.
  std::optional<double> held_ms(double whole_ms, const GenerationTiming& timing) const {
    if (timing.tokens_per_second <= 0) return std::nullopt;
    const double writing_ms = (timing.tokens - 1) * 1000.0 / timing.tokens_per_second;
    const std::chrono::duration<double, std::milli> elsewhere = waited_for_processor() - waited_;
    return std::max(0.0, whole_ms - timing.time_to_first_token_ms - writing_ms - elsewhere.count());
  }

 private:
  std::chrono::nanoseconds waited_ = waited_for_processor();
};

class Rounds {
 public:
  Rounds(session::Session& session, const Plan& plan, const std::vector<std::filesystem::path>& pictures,
         const EventSink& sink)
      : session_(session), plan_(plan), pictures_(pictures), observer_(session, sink, plan.sample_interval) {}

  void run(Part first) {
    if (auto loaded = first_load(); !loaded) {
      observer_.tell(Failed{loaded.error().message});
      return;
    }
    if (first <= Part::in_a_row) repeat(Part::in_a_row, plan_.in_a_row, [](int) { return 0; });
    if (first <= Part::switching) repeat(Part::switching, plan_.switches, [](int round) { return round; });
    if (first <= Part::stress) stress();
    if (first <= Part::long_run) long_run();
    if (first <= Part::calls) calls();
    observer_.look();
    observer_.tell(Done{});
  }

 private:
  VlmEvaluator& evaluator() { return *session_.evaluator; }

  // A device on which the first answer fails has nothing more to prove.
  Expected<void> first_load() {
    observer_.tell(PartBegun{Part::first_load});
    const auto began = Clock::now();
    {
      const auto handle = evaluator().load();  // let go at once: what stays is the class's to decide
      observer_.tell(setting());
      if (!handle) return tl::unexpected(handle.error());
      observer_.tell(Loaded{ms_since(began)});
    }
    return ask(Part::first_load, 0, 0);
  }

  Setting setting() {
    MemoryConfiguration configuration = session_.device.configuration;
    if (const auto plan = evaluator().plan(); plan && plan->fits())
      configuration.max_tokens = plan->max_tokens;
    return {evaluator().model_info(), session_.device.memory_bytes, configuration,
            session::cache_limit_of(session_.device)};
  }

  template <typename PictureOf>
  void repeat(Part part, int rounds, PictureOf picture_of) {
    observer_.tell(PartBegun{part});
    for (int round = 0; round < rounds; ++round) ask(part, round, picture_of(round));
  }

  void stress() {
    observer_.tell(PartBegun{Part::stress});
    for (int round = 0; round < plan_.stress_rounds; ++round) {
      if (round > 0) std::this_thread::sleep_for(plan_.stress_pause);
      ask(Part::stress, round, round);
    }
  }

  void long_run() {
    observer_.tell(PartBegun{Part::long_run});
    constexpr int kLeastRounds = 2;  // fewer have no slope
    const auto end = Clock::now() + plan_.long_run;
    for (int round = 0; round < kLeastRounds || Clock::now() < end; ++round) {
      const auto began = Clock::now();
      // A model that fails at once shall not be asked thousands of times.
      if (!ask(Part::long_run, round, round)) std::this_thread::sleep_until(began + std::chrono::seconds(1));
    }
  }

  GenerationRequest request(int picture) const {
    const auto& path = pictures_[static_cast<std::size_t>(picture) % pictures_.size()];
    return {.turns = {{.prompt = kQuestion, .images = {{path}}}}, .max_tokens = plan_.answer_tokens};
  }

  Expected<void> ask(Part part, int round, int picture) {
    AnswerEnd end;
    Answer answer{.part = part, .round = round, .at_s = observer_.now_s()};
    const auto began = Clock::now();
    const auto result = evaluator().generate(request(picture), [&](std::string_view) { end.text_came(); });
    answer.whole_ms = ms_since(began);
    if (result) answer.held_ms = end.held_ms(answer.whole_ms, result->timing);
    tell(std::move(answer), result);
    return result.map([](const GenerationResult&) {});
  }

  void tell(Answer answer, const Expected<GenerationResult>& result) {
    if (result) {
      answer.load_ms = result->timing.load_ms;
      answer.response_ms = result->timing.time_to_first_token_ms;
      answer.tokens = result->timing.tokens;
      answer.tokens_per_second = result->timing.tokens_per_second;
      answer.picture_known = result->image.tiles == 0;
      answer.cancelled = result->finish_reason == FinishReason::cancelled;
    } else {
      answer.error = result.error().message;
    }
    answer.model_stayed = evaluator().load_state() == LoadState::loaded;
    const MemoryReport memory = memory_report(*session_.pool);
    answer.footprint_bytes = memory.footprint_bytes;
    answer.footprint_peak_bytes = memory.footprint_peak_bytes;
    observer_.look();
    observer_.tell(answer);
  }

  // Each function that is documented as not blocking, while an answer is made and while none is.
  void calls() {
    observer_.tell(PartBegun{Part::calls});
    for (int round = 0; round < plan_.cancels; ++round) {
      look_around("nothing running");
      cancel_an_answer(round);
    }
    observer_.cleanups_are_wished();
    give_back("unload_model()", &VlmEvaluator::unload_model);
    give_back("emergency_memory_reset()", &VlmEvaluator::emergency_memory_reset);
  }

  // Earlier and later in the answer, from before its first word.
  void cancel_an_answer(int round) {
    constexpr int kMilestones = 4;
    Milestones milestones;
    Expected<GenerationResult> result;
    Answer answer{.part = Part::calls, .round = round, .at_s = observer_.now_s()};
    std::thread asking([&] {
      const auto began = Clock::now();
      const auto pass = [&](auto&&...) { milestones.pass(); };
      result = evaluator().generate(request(round), pass, pass);
      answer.whole_ms = ms_since(began);
      milestones.finish();
    });
    milestones.wait_for(1 + round % kMilestones);
    look_around("while answering");
    time_call("cancel_generation(), while answering", [&] { evaluator().cancel_generation(); });
    asking.join();
    tell(std::move(answer), result);
  }

  void look_around(const std::string& when) {
    const auto look = [&](const std::string& name, auto function) {
      time_call(name + ", " + when, function);
    };
    look("load_state()", [&] { (void)evaluator().load_state(); });
    look("model_info()", [&] { (void)evaluator().model_info(); });
    look("plan()", [&] { (void)evaluator().plan(); });
    look("ledger()", [&] { (void)session_.pool->ledger(); });
    look("pressure()", [&] { (void)session_.monitor->pressure(); });
  }

  void give_back(const std::string& name, void (VlmEvaluator::*function)() noexcept) {
    (void)evaluator().load();
    time_call(name + ", loaded", [&] { (evaluator().*function)(); });
  }

  template <typename Function>
  void time_call(const std::string& name, Function function) {
    const CallerTime time;
    function();
    const double blocked_ms = time.blocked_ms();
    observer_.tell(Call{name, blocked_ms});
  }

  session::Session& session_;
  const Plan& plan_;
  const std::vector<std::filesystem::path>& pictures_;
  Observer observer_;
};

}  // namespace

void do_rounds(session::Session& session, const Plan& plan,
               const std::vector<std::filesystem::path>& pictures, const EventSink& sink, Part first) {
  Rounds(session, plan, pictures, sink).run(first);
}

}  // namespace plimsoll::prove
