// The bundled model behind an EngineService, in this process and in a worker's.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "server/local_engine.h"
#include "server/worker_engine.h"
#include "tests/integration/bundled_model.h"

namespace plimsoll::test {

inline session::SessionOptions served_model() {
  session::SessionOptions options;
  options.model = (kModels / kDefaultModel).string();
  options.device.device_memory_bytes = 4 * kGiB;
  options.image_size = 384;
  return options;
}

inline std::unique_ptr<server::LocalEngine> local_engine(
    const session::SessionOptions& options = served_model()) {
  auto engine = server::LocalEngine::open(options);
  EXPECT_TRUE(engine) << engine.error().message;
  return engine ? std::move(*engine) : nullptr;
}

inline server::WorkerEngineOptions worker_options(const session::SessionOptions& session = served_model()) {
  return {.session = session, .command = {.program = PLIMSOLL_PROGRAM}};
}

inline std::unique_ptr<server::WorkerEngine> worker_engine(
    const session::SessionOptions& session = served_model()) {
  auto engine = server::WorkerEngine::start(worker_options(session));
  EXPECT_TRUE(engine) << engine.error().message;
  return engine ? std::move(*engine) : nullptr;
}

/// Pictures enough that looking at them takes a while.
inline GenerationRequest ask_about_many() {
  return ask("What is in these images?", {picture("garden.png"), picture("dog-car.png")});
}

}  // namespace plimsoll::test
