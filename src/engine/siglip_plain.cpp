#include <cmath>
#include <utility>
#include <vector>

#include "engine/siglip_layers.h"

namespace plimsoll::engine {

namespace {

constexpr std::size_t kPopulateBytes = 8 * 1024 * 1024;  // between two looks at the cancel flag

class PlainLayers : public SiglipLayers {
 public:
  PlainLayers(const SiglipFile& file, GovernedDevice& device) : file_(file), device_(device) {
    // Elsewhere until fill() says where: a graph is not to make room for them.
    file.each_tensor([&](ggml_tensor* tensor) { tensor->data = this; });
  }
  ~PlainLayers() override { ggml_backend_buffer_free(buffer_); }

  std::size_t weight_bytes() const override { return file_.tensor_bytes(); }
  std::size_t working_bytes() const override { return 0; }
  Expected<void> fill(const Progress& progress, const CancelFlagPtr& cancel) override;

  ggml_tensor* embed(ggml_context* graph, ggml_tensor* patches) override;
  ggml_tensor* layer(ggml_context* graph, ggml_tensor* x, int index) override;
  ggml_tensor* connect(ggml_context* graph, ggml_tensor* x) override;

 private:
  ggml_tensor* linear(ggml_context* graph, const std::string& name, ggml_tensor* x) const;
  ggml_tensor* norm(ggml_context* graph, const std::string& name, ggml_tensor* x) const;
  ggml_tensor* attention(ggml_context* graph, const std::string& name, ggml_tensor* x) const;

  const SiglipFile& file_;
  GovernedDevice& device_;
  Reservation charge_;
  ggml_backend_buffer_t buffer_ = nullptr;
};

Expected<void> PlainLayers::fill(const Progress& progress, const CancelFlagPtr& cancel) {
  auto charge = device_.charge_weights(weight_bytes());
  if (!charge) return tl::unexpected(charge.error());
  charge_ = std::move(*charge);
  auto mapping = file_.data().map(0);
  if (!mapping) return tl::unexpected(mapping.error());
  const MappedFile& pages = **mapping;
  buffer_ = device_.wrap_weights(pages.data(), pages.bytes());
  file_.each_tensor([&](ggml_tensor* tensor) {
    tensor->buffer = buffer_;
    tensor->data = pages.data() + file_.place(tensor->name).offset;
  });
  for (std::size_t at = 0; at < pages.bytes(); at += kPopulateBytes) {
    if (cancel->cancelled()) return fail(ErrorCode::cancelled, "the load was cancelled");
    pages.populate(at, std::min(kPopulateBytes, pages.bytes() - at));
    if (progress) progress(static_cast<float>(at) / static_cast<float>(pages.bytes()));
  }
  if (progress) progress(1);
  return {};
}

ggml_tensor* PlainLayers::linear(ggml_context* graph, const std::string& name, ggml_tensor* x) const {
  x = ggml_mul_mat(graph, file_.tensor(name + ".weight"), x);
  return ggml_add(graph, x, file_.tensor(name + ".bias"));
}

ggml_tensor* PlainLayers::norm(ggml_context* graph, const std::string& name, ggml_tensor* x) const {
  x = ggml_mul(graph, ggml_norm(graph, x, file_.shape().epsilon), file_.tensor(name + ".weight"));
  return ggml_add(graph, x, file_.tensor(name + ".bias"));
}

// As ggml_conv_2d multiplies, in half precision, so that no bit differs from libmtmd: each layer rounds its
// activations to 8 bits, and makes much of the smallest difference.
ggml_tensor* PlainLayers::embed(ggml_context* graph, ggml_tensor* patches) {
  const SiglipShape& s = file_.shape();
  ggml_tensor* weight =
      ggml_reshape_2d(graph, file_.tensor("v.patch_embd.weight"), s.patch_values(), s.width);
  ggml_tensor* x;
  if (weight->type == GGML_TYPE_F32 || weight->type == GGML_TYPE_F16) {
    x = ggml_mul_mat(graph, ggml_cast(graph, patches, GGML_TYPE_F16), weight);
    x = ggml_cont(graph, ggml_transpose(graph, x));
  } else {
    x = ggml_mul_mat(graph, weight, patches);
  }
  x = ggml_add(graph, x, file_.tensor("v.patch_embd.bias"));
  return ggml_add(graph, x, file_.tensor("v.position_embd.weight"));
}

// [head width, heads, rows] -> [head width, rows, heads]
ggml_tensor* by_head(ggml_context* graph, ggml_tensor* x, const SiglipShape& shape) {
  x = ggml_reshape_3d(graph, x, shape.head_width(), shape.heads, shape.patches());
  return ggml_permute(graph, x, 0, 2, 1, 3);
}

ggml_tensor* PlainLayers::attention(ggml_context* graph, const std::string& name, ggml_tensor* x) const {
  const SiglipShape& s = file_.shape();
  ggml_tensor* q = by_head(graph, linear(graph, name + "attn_q", x), s);
  ggml_tensor* k = by_head(graph, linear(graph, name + "attn_k", x), s);
  ggml_tensor* v = by_head(graph, linear(graph, name + "attn_v", x), s);
  k = ggml_cast(graph, k, GGML_TYPE_F16);
  v = ggml_cast(graph, v, GGML_TYPE_F16);
  const float scale = 1 / std::sqrt(static_cast<float>(s.head_width()));
  x = ggml_flash_attn_ext(graph, q, k, v, nullptr, scale, 0, 0);
  ggml_prec_set_acc(x, GGML_PREC_F32);
  return linear(graph, name + "attn_out", ggml_reshape_2d(graph, x, s.width, s.patches()));
}

ggml_tensor* PlainLayers::layer(ggml_context* graph, ggml_tensor* x, int index) {
  const std::string name = "v.blk." + std::to_string(index) + ".";
  x = ggml_add(graph, x, attention(graph, name, norm(graph, name + "ln1", x)));
  ggml_tensor* inner = linear(graph, name + "ffn_up", norm(graph, name + "ln2", x));
  return ggml_add(graph, x, linear(graph, name + "ffn_down", ggml_gelu(graph, inner)));
}

// Squares of patches become one row: row by row of the square, each patch's values together.
ggml_tensor* PlainLayers::connect(ggml_context* graph, ggml_tensor* x) {
  const SiglipShape& s = file_.shape();
  const int side = s.patches_a_side(), less = side / s.shuffle, row = s.width * s.shuffle;
  x = norm(graph, "v.post_ln", x);
  x = ggml_permute(graph, ggml_reshape_3d(graph, x, row, less, side), 0, 2, 1, 3);
  x = ggml_permute(graph, ggml_cont_3d(graph, x, row * s.shuffle, less, less), 0, 2, 1, 3);
  x = ggml_cont_2d(graph, x, s.shuffled_width(), s.positions());
  return ggml_mul_mat(graph, file_.tensor("mm.model.fc.weight"), x);
}

}  // namespace

std::unique_ptr<SiglipLayers> make_plain_layers(const SiglipFile& file, GovernedDevice& device) {
  return std::make_unique<PlainLayers>(file, device);
}

}  // namespace plimsoll::engine
