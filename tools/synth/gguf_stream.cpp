#include "synth/gguf_stream.h"

#include <array>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

namespace plimsoll::synth {
namespace {

struct FreeGgml {
  void operator()(ggml_context* context) const { ggml_free(context); }
};

// gguf takes names, shapes and types from ggml tensors; these have no data.
void list_tensors(ModelFile& model) {
  const ggml_init_params params{ggml_tensor_overhead() * model.tensors.size(), nullptr, true};
  const std::unique_ptr<ggml_context, FreeGgml> context(ggml_init(params));
  if (context == nullptr) throw std::bad_alloc();
  for (const TensorSpec& spec : model.tensors) {
    ggml_tensor* tensor =
        ggml_new_tensor(context.get(), spec.type, static_cast<int>(spec.shape.size()), spec.shape.data());
    ggml_set_name(tensor, spec.name.c_str());
    gguf_add_tensor(model.metadata.get(), tensor);
  }
}

}  // namespace

std::uint64_t tensor_bytes(const ModelFile& model) {
  std::uint64_t total = 0;
  for (const TensorSpec& tensor : model.tensors) {
    total += ggml_row_size(tensor.type, tensor.columns()) * static_cast<std::uint64_t>(tensor.rows());
  }
  return total;
}

GgufStream::GgufStream(std::filesystem::path target, ModelFile& model)
    : target_(std::move(target)), file_(nullptr, Discard{target_.string() + ".part"}) {
  list_tensors(model);
  file_.reset(std::fopen(file_.get_deleter().path.c_str(), "wb"));
  if (file_ == nullptr) fail();
  std::vector<std::byte> metadata(gguf_get_meta_size(model.metadata.get()));
  gguf_get_meta_data(model.metadata.get(), metadata.data());
  append(metadata);
  tensor_data_bytes_ = 0;
}

void GgufStream::Discard::operator()(std::FILE* file) const {
  std::fclose(file);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

void GgufStream::append(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail();
  tensor_data_bytes_ += bytes.size();
}

void GgufStream::end_tensor() {
  constexpr std::array<std::byte, GGUF_DEFAULT_ALIGNMENT> kZeros{};
  const std::uint64_t beyond = tensor_data_bytes_ % kZeros.size();
  if (beyond != 0) append(std::span(kZeros).first(kZeros.size() - beyond));
}

void GgufStream::commit() {
  if (std::fflush(file_.get()) != 0) fail();
  std::error_code error;
  std::filesystem::rename(file_.get_deleter().path, target_, error);
  if (error) throw std::system_error(error, "cannot write " + target_.string());
  std::fclose(file_.release());
}

void GgufStream::fail() const {
  throw std::system_error(errno, std::generic_category(), "cannot write " + target_.string());
}

}  // namespace plimsoll::synth
