#include "server/memory_routes.h"

#include <poll.h>

#include <chrono>
#include <memory>
#include <utility>

#include "plimsoll/size.h"
#include "server/health_routes.h"
#include "server/questions.h"

namespace plimsoll::server {

namespace {

constexpr std::chrono::milliseconds kSampleInterval{250};
constexpr int kUnchangedSamples = 4;  // of which one is sent

Json memory_object(const Context& context, std::uint64_t reclaims_after) {
  Json memory = context.service.memory(reclaims_after);
  memory["queue"] = queue_object(context.desk.state());
  memory["max_body_bytes"] = context.options.max_body_bytes;
  return memory;
}

// What changes although nothing happens.
Json without_clock(Json memory) {
  memory.erase("uptime_ms");
  return memory;
}

// One client that watches.
class MemoryStream {
 public:
  MemoryStream(const Context& context, Connection& connection) : context_(context), connection_(connection) {}

  bool run(httplib::DataSink& sink) {
    while (!context_.stopping) {
      if (!send_sample(sink)) return false;
      if (!wait_for_next()) return false;
    }
    sink.done();
    return true;
  }

 private:
  bool send_sample(httplib::DataSink& sink) {
    Json memory = memory_object(context_, last_reclaim_);
    if (memory.contains("reclaims") && !memory["reclaims"].empty()) {
      last_reclaim_ = memory["reclaims"].back().value("sequence", last_reclaim_);
    }
    Json figures = without_clock(memory);
    if (figures == last_ && ++unchanged_ < kUnchangedSamples) return true;
    unchanged_ = 0;
    last_ = std::move(figures);
    const std::string event = "event: sample\ndata: " + to_text(memory) + "\n\n";
    return sink.write(event.data(), event.size());
  }

  bool wait_for_next() {
    pollfd ready{.fd = connection_.descriptor(), .events = POLLRDHUP, .revents = 0};
    if (half_closed_) ready.events = 0;
    if (::poll(&ready, 1, static_cast<int>(kSampleInterval.count())) <= 0) return true;
    half_closed_ = true;
    return (ready.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
  }

  const Context& context_;
  Connection& connection_;
  std::uint64_t last_reclaim_ = 0;
  Json last_;
  int unchanged_ = 0;
  bool half_closed_ = false;
};

void stream_memory(const Context& context, Exchange& exchange) {
  auto stream = std::make_shared<MemoryStream>(context, exchange.connection);
  exchange.response.set_header("Cache-Control", "no-store");
  exchange.response.set_chunked_content_provider(
      "text/event-stream", [stream](std::size_t, httplib::DataSink& sink) { return stream->run(sink); });
}

ApiExpected<Json> plan_for(const Context& context, const httplib::Request& request) {
  std::optional<std::uint64_t> device_memory;
  std::optional<Strategy> strategy;
  if (request.has_param("device_memory")) {
    const auto bytes = parse_size(request.get_param_value("device_memory"));
    if (!bytes || *bytes == 0) {
      return refuse("device_memory", "device_memory must be a size such as 4GiB");
    }
    device_memory = *bytes;
  }
  if (request.has_param("strategy")) {
    strategy = strategy_from_string(request.get_param_value("strategy"));
    if (!strategy) return refuse("strategy", "strategy must be tiered, fitted, quick-fix or legacy");
  }
  return context.service.plan(device_memory, strategy).map_error([](const ServiceFailure& failure) {
    return api_error_of(failure);
  });
}

void show_plan(const Context& context, Exchange& exchange) {
  const auto plan = plan_for(context, exchange.request);
  plan ? answer_json(exchange, *plan) : answer_error(exchange, plan.error());
}

// {"status":"loaded","model_info"}; never a stream.
class LoadFormat final : public AnswerFormat {
 public:
  explicit LoadFormat(const Context& context) : context_(context) {}
  Json whole(const Outcome&) const override {
    const Json memory = context_.service.memory(~std::uint64_t{0});
    return {{"status", "loaded"},
            {"model_info", memory.contains("model_info") ? memory["model_info"] : Json(nullptr)}};
  }
  Json error(const ApiError& error) const override { return openai_error(error); }
  std::string stream_type() const override { return {}; }
  std::string begin() const override { return {}; }
  std::string piece(std::string_view) const override { return {}; }
  std::string end(const Outcome&) const override { return {}; }
  std::string failure(const ApiError&) const override { return {}; }
  std::string sign_of_life(const Standing&) const override { return {}; }

 private:
  const Context& context_;
};

void load(Context& context, Exchange& exchange) {
  const auto body = read_body(exchange, context.bodies);
  if (!body) return answer_error(exchange, body.error());
  answer_load(context, exchange, std::make_shared<LoadFormat>(context));
}

void unload(Context& context, Exchange& exchange) {
  const auto body = read_body(exchange, context.bodies);
  if (!body) return answer_error(exchange, body.error());
  context.service.unload();
  answer_json(exchange, {{"status", "unloading"}}, 202);
}

}  // namespace

void add_memory_routes(Router& router, Context& context) {
  router.add("GET", "/v1/memory",
             [&](Exchange& exchange) { answer_json(exchange, memory_object(context, 0)); });
  router.add("GET", "/v1/memory/events", [&](Exchange& exchange) { stream_memory(context, exchange); });
  router.add("GET", "/v1/plan", [&](Exchange& exchange) { show_plan(context, exchange); });
  router.add("POST", "/v1/models/load", [&](Exchange& exchange) { load(context, exchange); });
  router.add("POST", "/v1/models/unload", [&](Exchange& exchange) { unload(context, exchange); });
}

}  // namespace plimsoll::server
