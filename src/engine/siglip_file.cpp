#include "engine/siglip_file.h"

#include <algorithm>
#include <utility>

namespace plimsoll::engine {

namespace {

float read_float(const gguf_context* header, const char* key) {
  const auto id = gguf_find_key(header, key);
  return id >= 0 && gguf_get_kv_type(header, id) == GGUF_TYPE_FLOAT32 ? gguf_get_val_f32(header, id) : 0;
}

bool read_flag(const gguf_context* header, const char* key) {
  const auto id = gguf_find_key(header, key);
  return id >= 0 && gguf_get_kv_type(header, id) == GGUF_TYPE_BOOL && gguf_get_val_bool(header, id);
}

bool read_colours(const gguf_context* header, const char* key, std::array<float, 3>& colours) {
  const auto id = gguf_find_key(header, key);
  if (id < 0 || gguf_get_kv_type(header, id) != GGUF_TYPE_ARRAY ||
      gguf_get_arr_type(header, id) != GGUF_TYPE_FLOAT32 || gguf_get_arr_n(header, id) != colours.size()) {
    return false;
  }
  const auto* values = static_cast<const float*>(gguf_get_arr_data(header, id));
  std::copy_n(values, colours.size(), colours.begin());
  return true;
}

}  // namespace

Expected<std::optional<SiglipFile>> SiglipFile::open(const std::filesystem::path& path) {
  auto header = GgufHeader::read(path);
  if (!header) return tl::unexpected(header.error());
  auto file = WeightFile::open(path);
  if (!file) return tl::unexpected(file.error());
  SiglipFile siglip(std::move(*header), std::move(*file));
  if (!siglip.read_shape() || !siglip.is_whole()) return std::optional<SiglipFile>();
  return std::optional<SiglipFile>(std::move(siglip));
}

bool SiglipFile::read_shape() {
  const GgufHeader& h = header_;
  SiglipShape& s = shape_;
  s.tile = h.number("clip.vision.image_size");
  s.longest_edge = h.number("clip.vision.preproc_image_size");
  s.patch = h.number("clip.vision.patch_size");
  s.shuffle = h.number("clip.vision.projector.scale_factor");
  s.width = h.number("clip.vision.embedding_length");
  s.layers = h.number("clip.vision.block_count");
  s.heads = h.number("clip.vision.attention.head_count");
  s.mlp = h.number("clip.vision.feed_forward_length");
  s.epsilon = read_float(h.get(), "clip.vision.attention.layer_norm_epsilon");
  const bool normal = read_colours(h.get(), "clip.vision.image_mean", s.mean) &&
                      read_colours(h.get(), "clip.vision.image_std", s.deviation) &&
                      *std::min_element(s.deviation.begin(), s.deviation.end()) > 0;
  const ggml_tensor* connector = tensor("mm.model.fc.weight");
  if (h.text("clip.projector_type") != "idefics3" || !read_flag(h.get(), "clip.use_gelu") || !normal ||
      connector == nullptr) {
    return false;
  }
  s.output_width = static_cast<int>(connector->ne[1]);
  const bool sensible = s.patch > 0 && s.tile % s.patch == 0 && s.shuffle > 0 && s.width > 0 && s.heads > 0 &&
                        s.width % (2 * s.heads) == 0 && s.layers > 0 && s.mlp > 0 && s.longest_edge >= s.tile;
  return sensible && s.patches_a_side() % s.shuffle == 0;
}

bool SiglipFile::has(const std::string& name, std::int64_t inputs, std::int64_t outputs) const {
  const ggml_tensor* t = tensor(name);
  const bool is_quantised_vector = t != nullptr && outputs == 1 && ggml_is_quantized(t->type);
  return t != nullptr && t->ne[0] == inputs && ggml_nelements(t) == inputs * outputs && !is_quantised_vector;
}

bool SiglipFile::is_whole() const {
  const SiglipShape& s = shape_;
  const auto linear = [&](const std::string& name, int inputs, int outputs) {
    return has(name + ".weight", inputs, outputs) && has(name + ".bias", outputs, 1);
  };
  bool whole = has("v.post_ln.weight", s.width, 1) && has("v.post_ln.bias", s.width, 1) &&
               has("v.position_embd.weight", s.width, s.patches()) &&
               has("v.patch_embd.weight", s.patch, std::int64_t{s.patch} * 3 * s.width) &&
               has("v.patch_embd.bias", s.width, 1) && !tensor("v.pre_ln.weight") &&
               has("mm.model.fc.weight", s.shuffled_width(), s.output_width) && !tensor("mm.model.fc.bias");
  for (int i = 0; i < s.layers; ++i) {
    const std::string layer = "v.blk." + std::to_string(i) + ".";
    for (const char* norm : {"ln1", "ln2"}) {
      whole = whole && has(layer + norm + ".weight", s.width, 1) && has(layer + norm + ".bias", s.width, 1);
    }
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_out"}) {
      whole = whole && linear(layer + name, s.width, s.width);
    }
    whole = whole && linear(layer + "ffn_up", s.width, s.mlp) && linear(layer + "ffn_down", s.mlp, s.width);
  }
  return whole;
}

std::string SiglipFile::before_lone_overview() const {
  return header_.text("plimsoll.vision.before_lone_overview");
}

bool SiglipFile::quantised() const { return ggml_is_quantized(tensor("v.blk.0.ffn_up.weight")->type); }

std::size_t SiglipFile::tensor_bytes() const {
  std::size_t bytes = 0;
  each_tensor([&](const ggml_tensor* tensor) { bytes += ggml_nbytes(tensor); });
  return bytes;
}

}  // namespace plimsoll::engine
