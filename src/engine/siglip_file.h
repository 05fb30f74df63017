// A SigLIP vision encoder with Idefics3's connector, as it lies in a GGUF file: what SmolVLM sees with.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/gguf_header.h"
#include "engine/weight_file.h"

namespace plimsoll::engine {

struct SiglipShape {
  int tile = 0;          // pixels a side
  int longest_edge = 0;  // pixels; a picture's longest side beyond which nothing more is seen
  int patch = 0;         // pixels a side
  int shuffle = 0;       // patches a side that become one position of the prompt
  int width = 0;         // values of a patch
  int layers = 0;
  int heads = 0;
  int mlp = 0;                               // values between the two products of a layer's end
  int output_width = 0;                      // of the language model
  float epsilon = 0;                         // of all norms
  std::array<float, 3> mean{}, deviation{};  // of colours from 0 to 1

  int patches_a_side() const { return tile / patch; }
  int patches() const { return patches_a_side() * patches_a_side(); }
  int patch_values() const { return patch * patch * 3; }
  int head_width() const { return width / heads; }
  int positions() const { return patches() / (shuffle * shuffle); }
  int shuffled_width() const { return width * shuffle * shuffle; }
};

class SiglipFile {
 public:
  /// Empty where the file holds another encoder, or one in another form than this. Fails as
  /// WeightFile::open().
  static Expected<std::optional<SiglipFile>> open(const std::filesystem::path& path);

  const SiglipShape& shape() const { return shape_; }
  /// What stands before the overview of a picture without a grid, where the model was trained with something
  /// there (key `plimsoll.vision.before_lone_overview`); else nothing, as with SmolVLM.
  std::string before_lone_overview() const;
  /// Whether its matrices are quantised, to 8 bits or fewer.
  bool quantised() const;

  /// A tensor's type and shape, without data; nullptr: there is none.
  ggml_tensor* tensor(const std::string& name) const {
    return ggml_get_tensor(header_.tensors(), name.c_str());
  }
  std::size_t tensor_bytes() const;
  template <typename Visit>
  void each_tensor(Visit visit) const {
    for (ggml_tensor* t = ggml_get_first_tensor(header_.tensors()); t != nullptr;
         t = ggml_get_next_tensor(header_.tensors(), t)) {
      visit(t);
    }
  }

  const WeightFile::Place& place(const std::string& name) const { return *file_->find(name); }
  WeightFile& data() const { return *file_; }

 private:
  SiglipFile(GgufHeader header, std::unique_ptr<WeightFile> file)
      : header_(std::move(header)), file_(std::move(file)) {}
  bool read_shape();
  bool has(const std::string& name, std::int64_t inputs, std::int64_t outputs) const;
  bool is_whole() const;

  GgufHeader header_;
  std::unique_ptr<WeightFile> file_;
  SiglipShape shape_;
};

}  // namespace plimsoll::engine
