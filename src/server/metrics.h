// What the server counts, in Prometheus' words. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/ticket.h"

namespace plimsoll::server {

struct QueueState;

class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// `status`: 499 where the client had gone.
  void count_request(const std::string& route, int status);
  void count_work(const Work& work, const OutcomeOrFailure& outcome);

  /// The text of GET /metrics. `memory` is the object of GET /v1/memory.
  std::string text(const Json& memory, const QueueState& queue);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::server
