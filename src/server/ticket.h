// One piece of work on its way through the desk: what is to be done, and the news of it for the one who
// waits. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"
#include "server/engine_service.h"
#include "server/temporary_file.h"

namespace plimsoll::server {

struct Work {
  std::string client;                           // whose turn it takes
  std::optional<GenerationRequest> question{};  // empty: load the model
  std::vector<TemporaryFile> files{};           // that the question names; removed with this
};

enum class Phase { queued, loading, looking, answering };

/// "queued", "loading", "looking", "answering".
std::string_view to_string(Phase phase);

/// What came of it.
struct Outcome {
  std::optional<Answer> answer{};  // empty: the model is loaded
  std::chrono::milliseconds queued{};
};

using OutcomeOrFailure = tl::expected<Outcome, ServiceFailure>;

struct News {
  std::string text;  // of the answer, since the last news
  Phase phase = Phase::queued;
  float progress = 0;                         // of loading, of looking
  std::optional<OutcomeOrFailure> outcome{};  // told once, the last news
};

class Ticket {
 public:
  using Clock = std::chrono::steady_clock;

  Ticket(std::uint64_t id, Work work);

  std::uint64_t id() const { return id_; }
  const Work& work() const { return work_; }
  const CancelFlagPtr& cancel_flag() const { return cancel_; }
  Clock::time_point submitted() const { return submitted_; }

  /// For poll(2): ready to read while there are news.
  int descriptor() const { return ready_.get(); }
  /// Those since the last call.
  News take();

  void add_text(std::string_view text);
  void set_phase(Phase phase, float progress);
  /// The first one counts.
  void end(OutcomeOrFailure outcome);

 private:
  const std::uint64_t id_;
  const Work work_;
  const CancelFlagPtr cancel_ = std::make_shared<CancelFlag>();
  const Clock::time_point submitted_ = Clock::now();
  const FileDescriptor ready_;
  std::mutex mutex_;
  News news_;
  bool ended_ = false;
};

using TicketPtr = std::shared_ptr<Ticket>;

}  // namespace plimsoll::server
