#include "synth/vision_model.h"

#include <array>

#include "synth/general_keys.h"

namespace plimsoll::synth {
namespace {

constexpr std::int64_t kColours = 3;

void set_vision_keys(gguf_context* file, const ModelShape& shape, std::uint32_t longest_edge_pixels) {
  constexpr std::array<float, 3> kHalf{0.5F, 0.5F, 0.5F};
  const VisionShape& vision = shape.vision;
  gguf_set_val_bool(file, "clip.has_vision_encoder", true);
  gguf_set_val_u32(file, "clip.vision.projection_dim", shape.text.width);
  gguf_set_val_str(file, "clip.projector_type", "idefics3");
  gguf_set_val_u32(file, "clip.vision.image_size", vision.tile_pixels);
  gguf_set_val_u32(file, "clip.vision.patch_size", vision.patch_pixels);
  gguf_set_val_u32(file, "clip.vision.embedding_length", vision.width);
  gguf_set_val_u32(file, "clip.vision.feed_forward_length", vision.mlp_width);
  gguf_set_val_u32(file, "clip.vision.block_count", vision.layers);
  gguf_set_val_u32(file, "clip.vision.attention.head_count", vision.heads);
  gguf_set_val_f32(file, "clip.vision.attention.layer_norm_epsilon", 1e-6F);
  gguf_set_arr_data(file, "clip.vision.image_mean", GGUF_TYPE_FLOAT32, kHalf.data(), kHalf.size());
  gguf_set_arr_data(file, "clip.vision.image_std", GGUF_TYPE_FLOAT32, kHalf.data(), kHalf.size());
  gguf_set_val_u32(file, "clip.vision.projector.scale_factor", vision.shuffle);
  gguf_set_val_bool(file, "clip.use_gelu", true);
  gguf_set_val_u32(file, "clip.vision.preproc_image_size", longest_edge_pixels);
}

void add_linear(std::vector<TensorSpec>& tensors, const std::string& name, std::int64_t inputs,
                std::int64_t outputs, WeightType type) {
  tensors.push_back(matrix(name + ".weight", inputs, outputs, type));
  tensors.push_back(bias(name + ".bias", outputs));
}

void add_norm(std::vector<TensorSpec>& tensors, const std::string& name, std::int64_t width) {
  tensors.push_back(norm_weight(name + ".weight", width));
  tensors.push_back(bias(name + ".bias", width));
}

// llama.cpp's converter keeps everything under SmolVLM's "embeddings" in F32, whatever the file's type.
void add_embeddings(std::vector<TensorSpec>& tensors, const VisionShape& vision) {
  const std::int64_t patch = vision.patch_pixels;
  const std::int64_t side = vision.tile_pixels / vision.patch_pixels;
  const float deviation = initial_deviation(patch * patch * kColours);
  tensors.push_back(
      {"v.patch_embd.weight", {patch, patch, kColours, vision.width}, GGML_TYPE_F32, 0.0F, deviation});
  tensors.push_back(bias("v.patch_embd.bias", vision.width));
  tensors.push_back(
      {"v.position_embd.weight", {vision.width, side * side}, GGML_TYPE_F32, 0.0F, kEmbeddingDeviation});
}

void add_block(std::vector<TensorSpec>& tensors, std::uint32_t layer, const VisionShape& vision,
               WeightType type) {
  const std::string prefix = "v.blk." + std::to_string(layer) + ".";
  for (const char* projection : {"attn_q", "attn_k", "attn_v", "attn_out"}) {
    add_linear(tensors, prefix + projection, vision.width, vision.width, type);
  }
  add_linear(tensors, prefix + "ffn_up", vision.width, vision.mlp_width, type);
  add_linear(tensors, prefix + "ffn_down", vision.mlp_width, vision.width, type);
  add_norm(tensors, prefix + "ln1", vision.width);
  add_norm(tensors, prefix + "ln2", vision.width);
}

}  // namespace

ModelFile vision_model(const ModelShape& shape, WeightType type, std::uint32_t longest_edge_pixels) {
  const VisionShape& vision = shape.vision;
  ModelFile model{GgufMetadata(gguf_init_empty()), {}};
  set_general_keys(model.metadata.get(), "clip", synthetic_name(shape, type) + "-mmproj", shape, type);
  set_vision_keys(model.metadata.get(), shape, longest_edge_pixels);

  add_embeddings(model.tensors, vision);
  for (std::uint32_t layer = 0; layer < vision.layers; ++layer) add_block(model.tensors, layer, vision, type);
  add_norm(model.tensors, "v.post_ln", vision.width);
  const std::int64_t shuffled = std::int64_t{vision.width} * vision.shuffle * vision.shuffle;
  model.tensors.push_back(matrix("mm.model.fc.weight", shuffled, shape.text.width, type));
  return model;
}

}  // namespace plimsoll::synth
