#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>

#include "synth/model_file.h"

namespace plimsoll::synth {

// Bytes that the file's tensors take in it, padding left out.
std::uint64_t tensor_bytes(const ModelFile& model);

// Writes a GGUF file front to back without ever holding more than its metadata. The file has a temporary name
// until commit() and is removed if that never comes. Everything throws std::system_error.
class GgufStream {
 public:
  // Writes the metadata. model's metadata gets the list of tensors.
  GgufStream(std::filesystem::path target, ModelFile& model);

  void append(std::span<const std::byte> bytes);

  // To be called when a tensor's last byte has been appended.
  void end_tensor();

  void commit();

 private:
  struct Discard {
    std::filesystem::path path;
    void operator()(std::FILE* file) const;
  };

  [[noreturn]] void fail() const;

  std::filesystem::path target_;
  std::unique_ptr<std::FILE, Discard> file_;
  std::uint64_t tensor_data_bytes_ = 0;
};

}  // namespace plimsoll::synth
