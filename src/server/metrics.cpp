#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <initializer_list>

#include "server/desk.h"

namespace plimsoll::server {

namespace {

using prometheus::Histogram;

const Histogram::BucketBoundaries kSeconds{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
const Histogram::BucketBoundaries kTokensPerSecond{1, 2, 5, 10, 20, 50, 100, 200, 500};

std::string outcome_name(const OutcomeOrFailure& outcome) {
  if (!outcome) {
    const ServiceFailure& failure = outcome.error();
    return failure.worker_lost ? "worker_lost"
           : failure.stopping  ? "stopping"
                               : std::string(to_string(failure.error.code));
  }
  return outcome->answer ? std::string(to_string(outcome->answer->result.finish_reason)) : "loaded";
}

double number_at(const Json& object, std::initializer_list<const char*> path) {
  const Json* at = &object;
  for (const char* name : path) {
    if (!at->is_object() || !at->contains(name)) return 0;
    at = &(*at)[name];
  }
  return at->is_number() ? at->get<double>() : 0;
}

template <typename T>
prometheus::Family<T>& family(prometheus::Registry& registry, prometheus::detail::Builder<T> builder,
                              const char* name, const char* help) {
  return builder.Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;

  prometheus::Family<prometheus::Counter>& requests = family(
      registry, prometheus::BuildCounter(), "plimsoll_http_requests_total", "Requests by route and status");
  prometheus::Family<prometheus::Counter>& work = family(
      registry, prometheus::BuildCounter(), "plimsoll_answers_total", "Answers and loads by how they ended");
  prometheus::Family<prometheus::Counter>& tokens =
      family(registry, prometheus::BuildCounter(), "plimsoll_tokens_total", "Tokens of prompts and answers");
  Histogram& first_token =
      family(registry, prometheus::BuildHistogram(), "plimsoll_time_to_first_token_seconds",
             "From the desk to the answer's first token")
          .Add({}, kSeconds);
  Histogram& queued = family(registry, prometheus::BuildHistogram(), "plimsoll_queued_seconds",
                             "How long an answered question waited")
                          .Add({}, kSeconds);
  Histogram& speed = family(registry, prometheus::BuildHistogram(), "plimsoll_tokens_per_second",
                            "Tokens per second of an answer, from its first on")
                         .Add({}, kTokensPerSecond);
  prometheus::Family<prometheus::Gauge>& queue = family(registry, prometheus::BuildGauge(), "plimsoll_queue",
                                                        "Questions that are answered and that wait");
  prometheus::Family<prometheus::Gauge>& holders =
      family(registry, prometheus::BuildGauge(), "plimsoll_holder_bytes", "Memory by its holder");
  prometheus::Family<prometheus::Gauge>& memory =
      family(registry, prometheus::BuildGauge(), "plimsoll_memory_bytes", "The engine's memory");
  prometheus::Family<prometheus::Gauge>& worker =
      family(registry, prometheus::BuildGauge(), "plimsoll_worker_restarts",
             "How often the engine's process was lost");
  prometheus::Family<prometheus::Gauge>& steps_down =
      family(registry, prometheus::BuildGauge(), "plimsoll_worker_steps_down",
             "By how many steps the plan in force is smaller after such losses");
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count_request(const std::string& route, int status) {
  impl_->requests.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
}

void Metrics::count_work(const Work&, const OutcomeOrFailure& outcome) {
  impl_->work.Add({{"outcome", outcome_name(outcome)}}).Increment();
  if (!outcome || !outcome->answer) return;
  const GenerationResult& result = outcome->answer->result;
  impl_->tokens.Add({{"of", "prompt"}}).Increment(result.prompt_tokens);
  impl_->tokens.Add({{"of", "answer"}}).Increment(result.timing.tokens);
  impl_->queued.Observe(std::chrono::duration<double>(outcome->queued).count());
  if (result.timing.tokens == 0) return;
  impl_->first_token.Observe(result.timing.time_to_first_token_ms / 1000);
  impl_->speed.Observe(result.timing.tokens_per_second);
}

std::string Metrics::text(const Json& memory, const QueueState& queue) {
  impl_->queue.Add({{"state", "running"}}).Set(static_cast<double>(queue.running));
  impl_->queue.Add({{"state", "waiting"}}).Set(static_cast<double>(queue.waiting));
  for (const char* figure : {"active_bytes", "cache_bytes", "mapped_bytes", "footprint_bytes"}) {
    const std::string name(figure, std::string_view(figure).find("_bytes"));
    impl_->memory.Add({{"figure", name}}).Set(number_at(memory, {"memory", figure}));
  }
  if (memory.contains("memory") && memory["memory"].is_object() && memory["memory"].contains("holders")) {
    for (const auto& [holder, bytes] : memory["memory"]["holders"].items()) {
      impl_->holders.Add({{"holder", holder}}).Set(bytes.is_number() ? bytes.get<double>() : 0);
    }
  }
  impl_->worker.Add({}).Set(number_at(memory, {"worker", "restarts"}));
  impl_->steps_down.Add({}).Set(number_at(memory, {"worker", "steps_down"}));
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace plimsoll::server
