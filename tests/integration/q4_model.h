// The bundled language model in Q4_0, whose repacked layout exists on every x86-64 with AVX2.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "llama.h"

namespace plimsoll::test {

class Q4Model {
 public:
  Q4Model() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plimsoll-q4-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = LLAMA_FTYPE_MOSTLY_Q4_0;
    params.allow_requantize = true;
    params.nthread = 2;
    const std::string source = PLIMSOLL_SOURCE_DIR "/models/plimsoll-tiny/plimsoll-tiny-q8_0.gguf";
    EXPECT_EQ(llama_model_quantize(source.c_str(), path().c_str(), &params), 0U);
  }
  ~Q4Model() { std::filesystem::remove_all(folder_); }
  Q4Model(const Q4Model&) = delete;
  Q4Model& operator=(const Q4Model&) = delete;

  std::filesystem::path path() const { return folder_ / "q4.gguf"; }

 private:
  std::filesystem::path folder_;
};

}  // namespace plimsoll::test
