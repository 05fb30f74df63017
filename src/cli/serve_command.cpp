#include <condition_variable>
#include <iostream>
#include <memory>
#include <mutex>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "server/gate.h"
#include "server/http_server.h"
#include "server/local_engine.h"
#include "server/worker_engine.h"
#include "session/session.h"

namespace plimsoll::cli {

namespace {

// One wish to end, from the thread that hears signals to the one that waits for it.
class EndOfService {
 public:
  void wish() {
    const std::lock_guard lock(mutex_);
    wished_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return wished_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wished_ = false;
};

Expected<std::unique_ptr<server::EngineService>> start_engine(const ServeOptions& options) {
  if (options.no_worker) {
    return server::LocalEngine::open(options.session)
        .map([](auto engine) -> std::unique_ptr<server::EngineService> { return engine; });
  }
  return server::WorkerEngine::start({.session = options.session})
      .map([](auto engine) -> std::unique_ptr<server::EngineService> { return engine; });
}

void warn_of_open_door(const server::ServerOptions& options) {
  if (!options.api_key.empty() || server::is_loopback_host(options.host)) return;
  std::cerr << "plimsoll: anybody who can reach " << options.host
            << " may ask; give --api-key-file to ask for a key" << std::endl;
}

}  // namespace

int serve_command(ServeOptions options, Interrupt& interrupt) {
  session::set_up_log(options.session.verbose);
  if (!options.api_key_file.empty()) {
    auto key = read_key_file(options.api_key_file);
    if (!key) return report_error(key.error(), false);
    options.server.api_key = std::move(*key);
  }
  const auto model = find_model(options.session.model, options.session.mmproj);
  if (!model) return report_error(model.error(), false);
  const auto device = session::set_up_device(options.session.device);
  if (!device) return report_error(device.error(), false);
  if (!options.session.answers_at_once) {
    options.session.answers_at_once = usual_answers_at_once(device->configuration.tier);
  }
  const auto engine = start_engine(options);
  if (!engine) return report_error(engine.error(), false);
  const auto server = server::HttpServer::start(options.server, server::served_model(*model), **engine);
  if (!server) return report_error(server.error(), false);

  warn_of_open_door(options.server);
  EndOfService end;
  interrupt.call([&] { end.wish(); });
  std::cout << "Plimsoll listens at " << (*server)->url() << " (model " << model->name << ", class "
            << to_string(device->configuration.tier) << ")" << std::endl;
  end.wait();
  interrupt.call({});
  (*server)->stop(std::chrono::seconds(options.shutdown_seconds));
  return static_cast<int>(ExitCode::ok);
}

}  // namespace plimsoll::cli
