#include "engine/gguf_header.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <system_error>

namespace plimsoll::engine {

namespace fs = std::filesystem;

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Expected<File> open_file(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return fail(ErrorCode::not_found, path.string() + ": no such file");
  if (fs::is_directory(path, error))
    return fail(ErrorCode::invalid_argument, path.string() + ": a folder, not a file");
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return fail(ErrorCode::io, path.string() + ": can not be read; check its permissions");
  return file;
}

bool has_gguf_magic(std::FILE* file) {
  std::array<char, 4> magic{};
  const std::size_t count = std::fread(magic.data(), 1, magic.size(), file);
  const bool found = std::string_view(magic.data(), count) == "GGUF";
  return found && std::fseek(file, 0, SEEK_SET) == 0;
}

// ggml multiplies a tensor's sides without looking whether the product fits: of one that comes out as nothing
// it checks nothing else.
bool has_possible_shape(const ggml_tensor& tensor) {
  std::int64_t elements = 1;
  return std::ranges::none_of(tensor.ne, [&](std::int64_t side) {
    return side < 0 || __builtin_mul_overflow(elements, side, &elements);
  });
}

bool have_possible_shapes(ggml_context* tensors) {
  for (ggml_tensor* t = ggml_get_first_tensor(tensors); t != nullptr; t = ggml_get_next_tensor(tensors, t)) {
    if (!has_possible_shape(*t)) return false;
  }
  return true;
}

}  // namespace

Expected<GgufHeader> GgufHeader::read(const fs::path& path) {
  auto file = open_file(path);
  if (!file) return tl::unexpected(file.error());
  errno = 0;
  const bool is_gguf = has_gguf_magic(file->get());
  ggml_context* tensors = nullptr;
  gguf_context* header =
      is_gguf ? gguf_init_from_file_ptr(file->get(), {.no_alloc = true, .ctx = &tensors}) : nullptr;
  if (header != nullptr) {
    GgufHeader read(header, tensors);
    if (have_possible_shapes(tensors)) return read;
    return tl::unexpected(cut_short_error(path));
  }
  // ggml says only that it found no header, not whether the disk failed.
  if (std::ferror(file->get()) != 0) return tl::unexpected(read_error(path, errno));
  if (is_gguf) return tl::unexpected(cut_short_error(path));
  return fail(ErrorCode::invalid_argument, path.string() + ": not a GGUF file; give a model in GGUF format");
}

std::string GgufHeader::text(const char* key) const {
  const auto id = gguf_find_key(get(), key);
  return id >= 0 && gguf_get_kv_type(get(), id) == GGUF_TYPE_STRING ? gguf_get_val_str(get(), id) : "";
}

int GgufHeader::number(const char* key) const {
  const auto id = gguf_find_key(get(), key);
  return id >= 0 && gguf_get_kv_type(get(), id) == GGUF_TYPE_UINT32
             ? static_cast<int>(gguf_get_val_u32(get(), id))
             : 0;
}

Error cut_short_error(const fs::path& path) {
  return {ErrorCode::invalid_argument,
          path.string() + ": damaged or cut short (the file ends before its tensors do); fetch it again"};
}

Error read_error(const fs::path& path, int error) {
  return {ErrorCode::io, path.string() + ": reading failed" +
                             (error != 0 ? std::string(" (") + std::strerror(error) + ")" : "") +
                             "; check the disk it lies on"};
}

}  // namespace plimsoll::engine
