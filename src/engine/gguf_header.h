// The header of a GGUF file: what the file says of itself, and where its tensors lie. The tensors' data is
// not read. Immutable, thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "ggml.h"
#include "gguf.h"
#include "plimsoll/error.h"

namespace plimsoll::engine {

class GgufHeader {
 public:
  /// Fails with `not_found`, `io` (no permission, or the disk failed), or `invalid_argument` (a folder, not
  /// GGUF, or the file ends in the middle of the header).
  static Expected<GgufHeader> read(const std::filesystem::path& path);

  const gguf_context* get() const { return header_.get(); }
  /// The tensors' types and shapes, without data.
  ggml_context* tensors() const { return tensors_.get(); }

  /// Empty, or 0, where the file has no such key or one of another type.
  std::string text(const char* key) const;
  int number(const char* key) const;

 private:
  struct Free {
    void operator()(gguf_context* header) const { gguf_free(header); }
    void operator()(ggml_context* tensors) const { ggml_free(tensors); }
  };
  GgufHeader(gguf_context* header, ggml_context* tensors) : header_(header), tensors_(tensors) {}

  std::unique_ptr<gguf_context, Free> header_;
  std::unique_ptr<ggml_context, Free> tensors_;
};

/// What to say of a file that ends before its header or its tensors do.
Error cut_short_error(const std::filesystem::path& path);

/// What to say when reading failed. `error` is errno.
Error read_error(const std::filesystem::path& path, int error);

}  // namespace plimsoll::engine
