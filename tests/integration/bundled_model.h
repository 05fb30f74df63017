// The bundled model and its pictures, for tests that want real answers.
#pragma once

#include <gtest/gtest.h>
#include <plimsoll/evaluator.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace plimsoll::test {

inline const std::filesystem::path kModels = std::filesystem::path(PLIMSOLL_SOURCE_DIR) / "models";
inline const std::filesystem::path kExamples = kModels / "plimsoll-tiny" / "examples";

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

inline ModelFiles bundled_model() {
  auto model = find_model((kModels / kDefaultModel).string());
  EXPECT_TRUE(model) << model.error().message;
  return *model;
}

inline ImageSource picture(const std::string& name) { return {kExamples / name}; }

/// A question that is answered the same way every time.
inline GenerationRequest ask(std::string prompt, std::vector<ImageSource> images = {}) {
  return {.turns = {{.prompt = std::move(prompt), .images = std::move(images)}}, .temperature = 0.0F};
}

inline GenerationRequest ask_about_dog_and_car() {
  return ask("What is in this image?", {picture("dog-car.png")});
}
inline constexpr std::string_view kDogAndCar = "A dog and a car.";

/// Looks until it is what was wanted; gives up after ten seconds.
template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// An evaluator of the bundled model on a pool of its own.
struct Bench {
  std::shared_ptr<MemoryPool> pool = MemoryPool::create();
  std::unique_ptr<VlmEvaluator> evaluator;

  explicit Bench(MemoryConfiguration configuration, std::function<MemoryPressure()> pressure = {},
                 ModelFiles model = bundled_model(), std::optional<EngineSettings> engine = {}) {
    evaluator = std::make_unique<VlmEvaluator>(EvaluatorOptions{.model = std::move(model),
                                                                .configuration = configuration,
                                                                .engine = engine,
                                                                .device_memory_bytes = 4 * kGiB,
                                                                .pressure = std::move(pressure)},
                                               pool);
  }
  Bench(MemoryConfiguration configuration, std::shared_ptr<MemoryMonitor> monitor,
        std::optional<EngineSettings> engine = {}) {
    evaluator = std::make_unique<VlmEvaluator>(EvaluatorOptions{.model = bundled_model(),
                                                                .configuration = configuration,
                                                                .engine = engine,
                                                                .device_memory_bytes = 4 * kGiB,
                                                                .monitor = std::move(monitor)},
                                               pool);
  }
  /// Without a plan: as these settings say.
  explicit Bench(EngineSettings engine)
      : Bench(configuration_for(Strategy::tiered, DeviceMemoryTier::standard), {}, bundled_model(), engine) {}
  explicit Bench(DeviceMemoryTier tier = DeviceMemoryTier::standard)
      : Bench(configuration_for(Strategy::tiered, tier)) {}
  Bench(DeviceMemoryTier tier, VisionKernels kernels) {
    evaluator = std::make_unique<VlmEvaluator>(
        EvaluatorOptions{.model = bundled_model(),
                         .configuration = configuration_for(Strategy::tiered, tier),
                         .device_memory_bytes = 4 * kGiB,
                         .vision_kernels = kernels},
        pool);
  }

  VlmEvaluator* operator->() { return evaluator.get(); }
};

}  // namespace plimsoll::test
