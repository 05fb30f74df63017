#include "server/http_server.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "base/work_thread.h"
#include "memory/heap.h"
#include "server/context.h"
#include "server/front.h"
#include "server/health_routes.h"
#include "server/listener.h"
#include "server/memory_routes.h"
#include "server/metrics.h"
#include "server/ollama_routes.h"
#include "server/openai_routes.h"
#include "server/page_routes.h"
#include "server/reception.h"
#include "server/remote_picture.h"
#include "server/thread_lane.h"

namespace plimsoll::server {

namespace {

// Threads for what is answered at once, for those who watch, and beyond the queue for bodies that still come.
constexpr std::size_t kQuickThreads = 4;
constexpr std::size_t kQuickWaiting = 256;
constexpr std::size_t kWatchers = 32;
constexpr std::size_t kBodyThreads = 16;
constexpr std::size_t kBodiesWaiting = 32;

// A request that took so much may have left holes in the heap.
constexpr std::uint64_t kSweepBytes = 256 * kKiB;

// For the last words of a stream, once the engine is silent.
constexpr std::chrono::milliseconds kLastWords{200};

ApiError ambiguous_body() {
  return bad_value({}, "nobody can tell where this request ends; send one Content-Length", "invalid_body");
}

ApiError crowded() {
  ApiError error = queue_full(kBodiesWaiting, 1);
  error.message = "too many ask at once; ask again in 1 s";
  return error;
}

class RunningServer final : public HttpServer {
 public:
  RunningServer(ServerOptions options, ServedModel model, EngineService& service, Listener listener)
      : options_(std::move(options)),
        model_(std::move(model)),
        port_(listener.port),
        bodies_(options_.max_body_bytes),
        fetcher_(options_.allow_remote_images ? make_picture_fetcher(options_.max_body_bytes) : nullptr),
        desk_(service, options_.max_queue,
              [this](const Work& work, const OutcomeOrFailure& outcome) {
                metrics_.count_work(work, outcome);
              }),
        context_{options_, model_, service, desk_, bodies_, fetcher_.get(), stopping_},
        gate_(options_.host, options_.api_key, options_.allow_origin),
        front_(router_, gate_, options_.max_body_bytes,
               [this](const std::string& route, int status, std::uint64_t bytes) {
                 metrics_.count_request(route, status);
                 if (bytes > kSweepBytes) sweep();
               }),
        work_lane_(options_.max_queue + service.answers_at_once() + kBodyThreads, kBodiesWaiting),
        reception_(std::move(listener.socket), options_.reception,
                   [this](ConnectionPtr connection, const RequestHead& head) {
                     receive(std::move(connection), head);
                   }) {
    add_routes();
    reception_.start();
  }

  ~RunningServer() override { stop({}); }

  int port() const override { return port_; }

  std::string url() const override {
    const bool v6 = options_.host.find(':') != std::string::npos;
    return "http://" + (v6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(port_);
  }

  void stop(std::chrono::milliseconds deadline) override {
    const std::lock_guard once(stop_mutex_);
    stopping_ = true;
    desk_.close(deadline);
    {
      std::unique_lock lock(serving_mutex_);
      served_.wait_for(lock, kLastWords, [&] { return serving_.empty(); });
    }
    reception_.stop();
    {
      const std::lock_guard lock(serving_mutex_);
      for (Connection* connection : serving_) connection->abort();
    }
    quick_lane_.finish();
    watch_lane_.finish();
    work_lane_.finish();
    sweeper_.finish();
  }

 private:
  void add_routes() {
    add_health_routes(router_, context_);
    add_page_routes(router_);
    add_openai_routes(router_, context_);
    add_memory_routes(router_, context_);
    add_ollama_routes(router_, context_);
    if (!options_.metrics) return;
    router_.add("GET", "/metrics", [this](Exchange& exchange) {
      exchange.response.status = 200;
      exchange.response.set_content(metrics_.text(context_.service.memory(~std::uint64_t{0}), desk_.state()),
                                    "text/plain; version=0.0.4; charset=utf-8");
    });
  }

  ThreadLane& lane_for(const RequestHead& head) {
    if (head.path == "/v1/memory/events") return watch_lane_;
    const bool slow = head.has_body() || head.method == "POST" || head.path == "/v1/plan";
    return slow ? work_lane_ : quick_lane_;
  }

  void receive(ConnectionPtr connection, const RequestHead& head) {
    if (head.ambiguous) return reception_.dismiss(std::move(connection), raw_answer(ambiguous_body()));
    if (lane_for(head).post([this, connection] { serve(connection); })) return;
    metrics_.count_request("other", 429);
    reception_.dismiss(std::move(connection), raw_answer(crowded()));
  }

  void serve(const ConnectionPtr& connection) {
    {
      const std::lock_guard lock(serving_mutex_);
      serving_.insert(connection.get());
    }
    const bool again = front_.answer(*connection, stopping_);
    {
      const std::lock_guard lock(serving_mutex_);
      serving_.erase(connection.get());
      served_.notify_all();
    }
    if (again) {
      reception_.take_back(connection);
    } else if (!connection->failed()) {
      reception_.dismiss(connection);
    }
  }

  // One sweep for all that ended since the last one.
  void sweep() {
    if (sweep_is_due_.exchange(true)) return;
    sweeper_.post([this] {
      sweep_is_due_ = false;
      memory::trim_heap();
    });
  }

  const ServerOptions options_;
  const ServedModel model_;
  const int port_;
  BodyRoom bodies_;
  Metrics metrics_;
  std::unique_ptr<PictureFetcher> fetcher_;
  std::atomic<bool> stopping_ = false;
  Desk desk_;
  Context context_;
  Router router_;
  const Gate gate_;
  Front front_;
  std::atomic<bool> sweep_is_due_ = false;
  WorkThread sweeper_{WorkThread::Priority::low};

  std::mutex serving_mutex_;
  std::condition_variable served_;
  std::set<Connection*> serving_;
  ThreadLane quick_lane_{kQuickThreads, kQuickWaiting};
  ThreadLane watch_lane_{kWatchers, 0};
  ThreadLane work_lane_;
  std::mutex stop_mutex_;
  Reception reception_;
};

}  // namespace

Expected<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options, ServedModel model,
                                                        EngineService& service) {
  auto listener = listen_at(options.host, options.port);
  if (!listener) return tl::unexpected(listener.error());
  return std::make_unique<RunningServer>(std::move(options), std::move(model), service, std::move(*listener));
}

}  // namespace plimsoll::server
