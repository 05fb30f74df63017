// The bundled model in a folder of its own, to be damaged, and questions to it.
#pragma once

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>

#include "tests/integration/bundled_model.h"
#include "tests/integration/q4_model.h"

namespace plimsoll::test {

enum class TextWeightsLie { mapped, repacked, streamed };

inline std::string to_string(TextWeightsLie lie) {
  constexpr std::array kNames = {"Mapped", "Repacked", "Streamed"};
  return kNames[static_cast<std::size_t>(lie)];
}

inline void PrintTo(TextWeightsLie lie, std::ostream* out) { *out << to_string(lie); }

class ModelCopy {
 public:
  explicit ModelCopy(TextWeightsLie lie = TextWeightsLie::mapped) : lie_(lie) {
    std::string pattern = (std::filesystem::temp_directory_path() / "plimsoll-model-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    if (lie == TextWeightsLie::repacked) q4_ = std::make_unique<Q4Model>();
    restore();
  }
  ~ModelCopy() { std::filesystem::remove_all(folder_); }
  ModelCopy(const ModelCopy&) = delete;
  ModelCopy& operator=(const ModelCopy&) = delete;

  std::filesystem::path text() const { return folder_ / "text.gguf"; }
  std::filesystem::path vision() const { return folder_ / "mmproj.gguf"; }
  std::filesystem::path original_text() const { return q4_ ? q4_->path() : bundled_model().text; }
  ModelFiles files() const {
    return {
        .name = "copy", .text = text(), .vision = vision(), .system_prompt = bundled_model().system_prompt};
  }

  /// Writes both files as they were, into the files that are there.
  void restore() const {
    constexpr auto kOver = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(original_text(), text(), kOver);
    std::filesystem::copy_file(bundled_model().vision, vision(), kOver);
  }

  /// An evaluator with one thread, so that a machine that is busy with other things does not matter.
  std::unique_ptr<VlmEvaluator> evaluator(const std::shared_ptr<MemoryPool>& pool,
                                          VisionKernels kernels = VisionKernels::best) const {
    MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
    configuration.image_size = 192;       // one tile a picture
    configuration.cache_limit_bytes = 0;  // each question goes the whole way
    EngineSettings settings{.repack = lie_ == TextWeightsLie::repacked};
    if (lie_ == TextWeightsLie::streamed) {
      settings.vision = VisionResidency::on_demand;
      settings.streamed_text_resident_bytes = 0;
    }
    return std::make_unique<VlmEvaluator>(EvaluatorOptions{.model = files(),
                                                           .configuration = configuration,
                                                           .engine = settings,
                                                           .device_memory_bytes = 4 * kGiB,
                                                           .threads = 1,
                                                           .vision_kernels = kernels},
                                          pool);
  }

 private:
  TextWeightsLie lie_;
  std::filesystem::path folder_;
  std::unique_ptr<Q4Model> q4_;
};

inline void expect_one_sentence(const Error& error) {
  EXPECT_FALSE(error.message.empty());
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
}

}  // namespace plimsoll::test
