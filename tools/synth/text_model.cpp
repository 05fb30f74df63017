#include "synth/text_model.h"

#include <algorithm>

#include "llama.h"
#include "synth/general_keys.h"

namespace plimsoll::synth {
namespace {

// SmolVLM's own template: "User:" before a picture, "User: " before text, turns closed by <end_of_utterance>.
constexpr const char* kChatTemplate =
    "<|im_start|>{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ 'User: ' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' }}{% endif %}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<image>' }}"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{% if message['role'] == 'system' %}{{ '\n\n' }}{% else %}{{ '<end_of_utterance>\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";

// Logits then spread as wide as a trained model's, and the few that are 0 are next to never sampled.
constexpr float kLogitDeviation = 3.0F;

void set_shape_keys(gguf_context* file, const TextShape& text) {
  gguf_set_val_u32(file, "llama.context_length", text.context_tokens);
  gguf_set_val_u32(file, "llama.embedding_length", text.width);
  gguf_set_val_u32(file, "llama.block_count", text.layers);
  gguf_set_val_u32(file, "llama.feed_forward_length", text.mlp_width);
  gguf_set_val_u32(file, "llama.attention.head_count", text.heads);
  gguf_set_val_u32(file, "llama.attention.head_count_kv", text.kv_heads);
  gguf_set_val_f32(file, "llama.rope.freq_base", text.rope_base);
  gguf_set_val_f32(file, "llama.attention.layer_norm_rms_epsilon", 1e-5F);
  gguf_set_val_u32(file, "llama.rope.dimension_count", kTextHeadWidth);
  gguf_set_val_u32(file, "llama.attention.key_length", kTextHeadWidth);
  gguf_set_val_u32(file, "llama.attention.value_length", kTextHeadWidth);
  gguf_set_val_u32(file, "llama.vocab_size", static_cast<std::uint32_t>(kVocabularySize));
}

void set_strings(gguf_context* file, const char* key, const std::vector<std::string>& strings) {
  std::vector<const char*> pointers;
  pointers.reserve(strings.size());
  for (const std::string& string : strings) pointers.push_back(string.c_str());
  gguf_set_arr_str(file, key, pointers.data(), pointers.size());
}

void set_token_keys(gguf_context* file, const Vocabulary& vocabulary) {
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
  for (const Token& token : vocabulary.tokens) {
    texts.push_back(token.text);
    types.push_back(token.control ? LLAMA_TOKEN_TYPE_CONTROL : LLAMA_TOKEN_TYPE_NORMAL);
  }
  std::vector<std::string> merges;
  merges.reserve(vocabulary.merges.size());
  for (const Merge& merge : vocabulary.merges) merges.push_back(merge.left + " " + merge.right);
  gguf_set_val_str(file, "tokenizer.ggml.model", "gpt2");
  gguf_set_val_str(file, "tokenizer.ggml.pre", "smollm");
  set_strings(file, "tokenizer.ggml.tokens", texts);
  gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
  set_strings(file, "tokenizer.ggml.merges", merges);
}

void set_special_keys(gguf_context* file, const Vocabulary& vocabulary) {
  const auto id = [&](std::string_view text) { return static_cast<std::uint32_t>(id_of(vocabulary, text)); };
  gguf_set_val_u32(file, "tokenizer.ggml.bos_token_id", id(kTurnStart));
  gguf_set_val_u32(file, "tokenizer.ggml.eos_token_id", id(kTurnEnd));
  gguf_set_val_u32(file, "tokenizer.ggml.eot_token_id", id(kTurnEnd));
  gguf_set_val_u32(file, "tokenizer.ggml.padding_token_id", id(kEndOfText));
  gguf_set_val_bool(file, "tokenizer.ggml.add_bos_token", false);
  gguf_set_val_bool(file, "tokenizer.ggml.add_eos_token", false);
  gguf_set_val_bool(file, "tokenizer.ggml.add_space_prefix", false);
  gguf_set_val_str(file, "tokenizer.chat_template", kChatTemplate);
}

// A control token's logit is always 0 and so never the greatest: a synthetic model doesn't stop by itself
// (all end-of-generation tokens are control tokens), and every run is as long as was asked for.
TensorSpec output_matrix(std::int64_t width, WeightType type, const Vocabulary& vocabulary) {
  TensorSpec output = matrix("output.weight", width, kVocabularySize, type);
  output.type = output_type(type, width);
  output.deviation *= kLogitDeviation;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.tokens[id].control) output.zero_rows.push_back(static_cast<std::int64_t>(id));
  }
  return output;
}

void add_block(std::vector<TensorSpec>& tensors, std::uint32_t layer, const TextShape& text,
               WeightType type) {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  const std::int64_t queries = std::int64_t{text.heads} * kTextHeadWidth;
  const std::int64_t keys = std::int64_t{text.kv_heads} * kTextHeadWidth;
  tensors.push_back(norm_weight(prefix + "attn_norm.weight", text.width));
  tensors.push_back(matrix(prefix + "attn_q.weight", text.width, queries, type));
  tensors.push_back(matrix(prefix + "attn_k.weight", text.width, keys, type));
  tensors.push_back(matrix(prefix + "attn_v.weight", text.width, keys, type));
  tensors.push_back(matrix(prefix + "attn_output.weight", queries, text.width, type));
  tensors.push_back(norm_weight(prefix + "ffn_norm.weight", text.width));
  tensors.push_back(matrix(prefix + "ffn_gate.weight", text.width, text.mlp_width, type));
  tensors.push_back(matrix(prefix + "ffn_up.weight", text.width, text.mlp_width, type));
  tensors.push_back(matrix(prefix + "ffn_down.weight", text.mlp_width, text.width, type));
}

}  // namespace

ModelFile text_model(const ModelShape& shape, WeightType type, const Vocabulary& vocabulary) {
  ModelFile model{GgufMetadata(gguf_init_empty()), {}};
  set_general_keys(model.metadata.get(), "llama", synthetic_name(shape, type), shape, type);
  set_shape_keys(model.metadata.get(), shape.text);
  set_token_keys(model.metadata.get(), vocabulary);
  set_special_keys(model.metadata.get(), vocabulary);

  const std::int64_t width = shape.text.width;
  model.tensors.push_back(matrix("token_embd.weight", width, kVocabularySize, type));
  for (std::uint32_t layer = 0; layer < shape.text.layers; ++layer) {
    add_block(model.tensors, layer, shape.text, type);
  }
  model.tensors.push_back(norm_weight("output_norm.weight", width));
  model.tensors.push_back(output_matrix(width, type, vocabulary));
  return model;
}

}  // namespace plimsoll::synth
