// The bundled vision encoder with its matrices in F16: precise enough to see what kernels lose.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "engine/siglip_file.h"
#include "tests/temporary_folder.h"

namespace plimsoll::engine {

class F16Encoder {
 public:
  explicit F16Encoder(const std::filesystem::path& quantised) {
    auto header = GgufHeader::read(quantised);
    auto file = WeightFile::open(quantised);
    EXPECT_TRUE(header && file);
    gguf_context* out = gguf_init_empty();
    gguf_set_kv(out, header->get());
    for (ggml_tensor* t = ggml_get_first_tensor(header->tensors()); t != nullptr;
         t = ggml_get_next_tensor(header->tensors(), t)) {
      const WeightFile::Place& at = *(*file)->find(t->name);
      std::vector<std::byte> data(at.bytes);
      EXPECT_TRUE((*file)->read(at, data.data()));
      gguf_add_tensor(out, t);
      if (ggml_is_quantized(t->type)) {
        data = halved(*t, data);
        gguf_set_tensor_type(out, t->name, GGML_TYPE_F16);
      }
      gguf_set_tensor_data(out, t->name, data.data());
      kept_.push_back(std::move(data));
    }
    EXPECT_TRUE(gguf_write_to_file(out, path().c_str(), false));
    gguf_free(out);
    kept_.clear();
  }

  std::filesystem::path path() const { return folder_.path() / "mmproj-f16.gguf"; }

 private:
  static std::vector<std::byte> halved(const ggml_tensor& tensor, const std::vector<std::byte>& data) {
    const std::int64_t count = ggml_nelements(&tensor);
    std::vector<float> values(static_cast<std::size_t>(count));
    ggml_get_type_traits(tensor.type)->to_float(data.data(), values.data(), count);
    std::vector<std::byte> halves(values.size() * sizeof(ggml_fp16_t));
    ggml_fp32_to_fp16_row(values.data(), reinterpret_cast<ggml_fp16_t*>(halves.data()), count);
    return halves;
  }

  TemporaryFolder folder_;
  std::vector<std::vector<std::byte>> kept_;  // until they are written
};

}  // namespace plimsoll::engine
