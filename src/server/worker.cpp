#include "server/worker.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <utility>

#include "base/work_thread.h"
#include "report/options_json.h"
#include "server/frame.h"
#include "server/local_engine.h"
#include "server/thread_lane.h"
#include "server/wire.h"
#include "server/worker_process.h"

namespace plimsoll::server {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// Frames out, from any thread: each one whole. The server always reads, so a full socket is soon empty.
class Outgoing {
 public:
  explicit Outgoing(int descriptor) : descriptor_(descriptor) {}

  void send(const Frame& frame) {
    const auto bytes = encode_frame(frame);
    if (!bytes) return;  // an answer beyond all limits
    std::lock_guard lock(mutex_);
    std::string_view left = *bytes;
    while (!left.empty()) {
      const auto count = ::send(descriptor_, left.data(), left.size(), 0);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return;  // the server is gone: the reader sees it, too
      left.remove_prefix(static_cast<std::size_t>(count));
    }
  }

 private:
  int descriptor_;
  std::mutex mutex_;
};

// Samples of the memory, each with the reclaims that the one before did not have. Thread-safe.
class Sampler {
 public:
  static constexpr auto kInterval = 250ms;
  static constexpr auto kQuietInterval = 1s;
  /// Between two looks at a request's picture or video, which the server has to know of before it gets this
  /// process killed.
  static constexpr auto kMediaInterval = 10ms;
  static constexpr std::size_t kMediaStep = 1 << 20;

  Sampler(const LocalEngine& engine, Outgoing& out) : engine_(engine), out_(out) {}

  Json take() {
    std::lock_guard lock(mutex_);
    return take_locked();
  }

  void send_now() {
    std::lock_guard lock(mutex_);
    out_.send({{{"type", "memory"}, {"memory", take_locked()}}});
  }

  /// Sends one where figures changed, or none was sent for a while. At most one in kInterval, but where
  /// `media_bytes` are others than the latest sample has.
  void look(std::size_t media_bytes) {
    std::lock_guard lock(mutex_);
    const std::size_t difference = std::max(media_bytes, media_sent_) - std::min(media_bytes, media_sent_);
    if (Clock::now() - looked_ < kInterval && difference < kMediaStep) return;
    looked_ = Clock::now();
    const Json before = last_;
    const Clock::time_point sent = last_taken_;
    Json now = take_locked();
    Json same = before;
    same["uptime_ms"] = now["uptime_ms"];
    if (now == same && Clock::now() - sent < kQuietInterval) {
      last_taken_ = sent;
      return;
    }
    out_.send({{{"type", "memory"}, {"memory", std::move(now)}}});
  }

 private:
  Json take_locked() {
    Json sample = engine_.memory(last_reclaim_);
    const Json& reclaims = sample["reclaims"];
    if (!reclaims.empty()) last_reclaim_ = reclaims.back()["sequence"].get<std::uint64_t>();
    media_sent_ = sample["memory"]["holders"]["media"].get<std::size_t>();
    last_ = sample;
    last_["reclaims"] = Json::array();
    last_taken_ = Clock::now();
    return sample;
  }

  const LocalEngine& engine_;
  Outgoing& out_;
  std::mutex mutex_;
  std::uint64_t last_reclaim_ = 0;
  Json last_;
  Clock::time_point last_taken_{};
  Clock::time_point looked_{};
  std::size_t media_sent_ = 0;
};

bool has_media(const GenerationRequest& request) {
  return std::ranges::any_of(request.turns,
                             [](const Turn& turn) { return turn.video || !turn.images.empty(); });
}

// What a worker does once it is open. Its main thread reads; answers and plans are made on threads of theirs.
class Worker {
 public:
  // The server's queue waits at its own end; a load after a restart may be in front of what it sends.
  static constexpr std::size_t kMostWaiting = 64;
  static constexpr std::uint64_t kUnasked = 0;  // the id of that load

  Worker(int descriptor, Outgoing& out, std::unique_ptr<LocalEngine> engine)
      : descriptor_(descriptor),
        out_(out),
        engine_(std::move(engine)),
        answers_(engine_->answers_at_once(), kMostWaiting) {}

  int run(FrameDecoder& decoder) {
    out_.send({{{"type", "ready"}, {"memory", sampler_.take()}}});
    while (!stopped_) {
      while (!stopped_ && decoder.has_frame()) handle(decoder.pop());
      if (!stopped_ && !read_more(decoder)) break;
    }
    engine_->stop(0ms);
    answers_.finish();
    plans_.finish();
    return 0;
  }

 private:
  bool read_more(FrameDecoder& decoder) {
    pollfd waiting{descriptor_, POLLIN, 0};
    const auto interval = reading_media_ > 0 ? Sampler::kMediaInterval : Sampler::kInterval;
    if (::poll(&waiting, 1, static_cast<int>(interval.count())) == 0) sampler_.look(engine_->media_bytes());
    if (waiting.revents == 0) return true;
    std::array<char, 1 << 16> bytes{};
    const auto count = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (count < 0) return errno == EINTR;
    return count > 0 && decoder.feed({bytes.data(), static_cast<std::size_t>(count)});
  }

  void handle(Frame frame) {
    const std::string_view type = frame.type();
    if (type == "generate") {
      auto request = std::make_shared<GenerationRequest>(request_from_wire(frame));
      if (has_media(*request)) ++reading_media_;
      begin(frame,
            [this, request](const Json& id, const CancelFlagPtr& flag) { generate(id, *request, flag); });
    } else if (type == "load") {
      begin(frame, [this](const Json& id, const CancelFlagPtr& flag) { load(id, flag); });
    } else if (type == "plan") {
      plans_.post([this, head = std::move(frame.head)] { plan(head); });
    } else if (type == "cancel") {
      cancel(frame.head.at("id"));
    } else if (type == "unload") {
      engine_->unload();
    } else if (type == "steps") {
      engine_->take_steps_back(frame.head.at("steps_down").get<int>());
      reload_if_worth();
    } else if (type == "stop") {
      stopped_ = true;
    }
  }

  template <typename Work>
  void begin(const Frame& frame, Work work) {
    const Json id = frame.head.at("id");
    const auto flag = std::make_shared<CancelFlag>();
    {
      std::lock_guard lock(running_mutex_);
      running_[id] = flag;
    }
    answers_.post([id, flag, work] { work(id, flag); });
  }

  // The model stays loaded between answers, and would keep a plan of more steps for good.
  void reload_if_worth() {
    {
      std::lock_guard lock(running_mutex_);
      if (!running_.empty() || stopped_ || !engine_->is_worth_reloading()) return;
    }
    engine_->unload();
    begin({{{"id", kUnasked}}}, [this](const Json& id, const CancelFlagPtr& flag) { load(id, flag); });
  }

  void cancel(const Json& id) {
    std::lock_guard lock(running_mutex_);
    if (const auto found = running_.find(id); found != running_.end()) found->second->cancel();
    // A load that was begun after a restart may be in front of them: when nobody wants an answer any more,
    // nobody wants to wait for that, either.
    const bool any_wanted = std::any_of(running_.begin(), running_.end(), [](const auto& running) {
      return running.first != kUnasked && !running.second->cancelled();
    });
    if (const auto load = running_.find(kUnasked); load != running_.end() && !any_wanted)
      load->second->cancel();
  }

  ProgressSink progress_of(const Json& id) {
    return [this, id](Stage stage, float share, std::string_view text) {
      out_.send({{{"type", "progress"},
                  {"id", id},
                  {"looking", stage == Stage::looking},
                  {"share", share},
                  {"text", text}}});
    };
  }

  void generate(const Json& id, const GenerationRequest& request, const CancelFlagPtr& flag) {
    const auto show = [&](std::string_view text) {
      out_.send({{{"type", "text"}, {"id", id}, {"text", text}}});
    };
    const auto answer = engine_->generate(request, flag, {show, progress_of(id)});
    if (has_media(request)) --reading_media_;
    finish("answer", id, answer.map([](const Answer& a) { return answer_to_wire(a); }));
  }

  void load(const Json& id, const CancelFlagPtr& flag) {
    finish("loaded", id, engine_->load(flag, progress_of(id)).map([] { return Json(nullptr); }));
  }

  void plan(const Json& head) {
    std::optional<std::uint64_t> bytes;
    std::optional<Strategy> strategy;
    if (const Json& given = head.at("device_memory_bytes"); !given.is_null())
      bytes = given.get<std::uint64_t>();
    if (const Json& given = head.at("strategy"); !given.is_null()) {
      strategy = static_cast<Strategy>(given.get<int>());
    }
    tell("planned", head.at("id"), engine_->plan(bytes, strategy));
  }

  // The server knows the memory at the end of an answer before it knows the answer.
  void finish(const char* type, const Json& id, const tl::expected<Json, ServiceFailure>& outcome) {
    {
      std::lock_guard lock(running_mutex_);
      running_.erase(id);
    }
    sampler_.send_now();
    tell(type, id, outcome);
    reload_if_worth();
  }

  void tell(const char* type, const Json& id, const tl::expected<Json, ServiceFailure>& outcome) {
    if (outcome) {
      out_.send({{{"type", type}, {"id", id}, {"value", *outcome}}});
    } else {
      out_.send({{{"type", "failed"}, {"id", id}, {"error", error_to_wire(outcome.error().error)}}});
    }
  }

  int descriptor_;
  Outgoing& out_;
  std::unique_ptr<LocalEngine> engine_;
  Sampler sampler_{*engine_, out_};
  std::atomic<bool> stopped_ = false;
  std::atomic<int> reading_media_ = 0;  // requests with pictures or a video that are not answered yet
  std::mutex running_mutex_;
  std::map<Json, CancelFlagPtr> running_;  // generations and loads, by id
  ThreadLane answers_;
  WorkThread plans_{WorkThread::Priority::normal};
};

bool wait_for_first(int descriptor, FrameDecoder& decoder) {
  while (!decoder.has_frame()) {
    std::array<char, 4096> bytes{};
    const auto count = ::recv(descriptor, bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || !decoder.feed({bytes.data(), static_cast<std::size_t>(count)})) return false;
  }
  return true;
}

}  // namespace

int run_worker(int descriptor) {
  if (auto became = become_worker(descriptor); !became) {
    std::fprintf(stderr, "plimsoll: %s\n", became.error().message.c_str());
    return 2;
  }
  FrameDecoder decoder;
  if (!wait_for_first(descriptor, decoder)) return 1;
  const Frame open = decoder.pop();
  // Every process of a machine reads the same steady clock.
  const Clock::time_point began{Clock::duration(open.head.at("began").get<Clock::rep>())};
  Outgoing out(descriptor);
  auto engine = LocalEngine::open(report::options_from_json(open.head.at("options")), began);
  if (!engine) {
    out.send({{{"type", "failed"}, {"error", error_to_wire(engine.error())}}});
    return 1;
  }
  (*engine)->set_steps_down(open.head.at("steps_down").get<int>());
  return Worker(descriptor, out, std::move(*engine)).run(decoder);
}

}  // namespace plimsoll::server
