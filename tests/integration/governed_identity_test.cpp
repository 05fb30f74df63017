// The governed device computes what ggml's plain CPU computes, to the last bit: with weights as the file has
// them, and in the layouts that ggml copies them into where the processor has kernels for those (AMX: Q8_0,
// too).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/engine_log.h"
#include "engine/governed_device.h"
#include "engine/text_model.h"
#include "mtmd-helper.h"
#include "mtmd.h"

namespace plimsoll::engine {
namespace {

const std::filesystem::path kModel = std::filesystem::path(PLIMSOLL_SOURCE_DIR) / "models/plimsoll-tiny";
constexpr int kThreads = 2;
constexpr int kSteps = 64;

using Logits = std::vector<float>;

enum class Weights { as_in_the_file, repacked };

// One side of the comparison: the same model, prepared the same way, on the devices that are given or on
// none.
struct Side {
  llama_model* model = nullptr;
  llama_context* context = nullptr;
  mtmd::context_ptr vision;

  Side(GovernedDevice* text_device, GovernedDevice* vision_device, Weights weights) {
    ggml_backend_dev_t devices[] = {text_device != nullptr ? text_device->handle() : nullptr, nullptr};
    llama_model_params model_params = llama_model_default_params();
    model_params.devices = devices;
    model_params.n_gpu_layers = text_device != nullptr ? -1 : 0;
    model_params.use_extra_bufts = weights == Weights::repacked;
    {
      // Only while weights are placed does the device put them into another layout.
      std::optional<GovernedDevice::LoadingWeights> placing;
      if (text_device != nullptr && weights == Weights::repacked) placing.emplace(*text_device);
      model = llama_model_load_from_file((kModel / "plimsoll-tiny-q8_0.gguf").c_str(), model_params);
    }
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 512;
    params.n_batch = params.n_ctx;
    params.n_ubatch = 128;
    params.n_threads = params.n_threads_batch = kThreads;
    context = llama_init_from_model(model, params);
    mtmd_context_params vision_params = mtmd_context_params_default();
    vision_params.use_gpu = vision_device != nullptr;
    vision_params.device = vision_device != nullptr ? vision_device->handle() : nullptr;
    vision_params.n_threads = kThreads;
    vision_params.print_timings = false;
    vision.reset(
        mtmd_init_from_file((kModel / "mmproj-plimsoll-tiny-q8_0.gguf").c_str(), model, vision_params));
  }
  ~Side() {
    vision.reset();
    llama_free(context);
    llama_model_free(model);
  }

  Logits logits() const {
    const float* row = llama_get_logits_ith(context, -1);
    return {row, row + llama_vocab_n_tokens(llama_model_get_vocab(model))};
  }

  Logits decode(std::vector<llama_token> tokens) {
    EXPECT_EQ(llama_decode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))), 0);
    return logits();
  }
};

bool same_bits(const Logits& a, const Logits& b) {
  return a.size() == b.size() && !a.empty() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

llama_token greedy(const Logits& logits) {
  return static_cast<llama_token>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

struct GovernedIdentity : testing::TestWithParam<Weights> {
  GovernedIdentity() {
    capture_engine_log();
    governed = std::make_unique<Side>(&text, &vision, GetParam());
    plain = std::make_unique<Side>(nullptr, nullptr, GetParam());
  }
  // Greedy steps on both sides, behind what is there.
  void expect_same_steps(Logits a, Logits b) {
    for (int step = 0; step < kSteps; ++step) {
      ASSERT_TRUE(same_bits(a, b)) << "step " << step;
      const llama_token token = greedy(a);
      a = governed->decode({token});
      b = plain->decode({token});
    }
  }

  std::shared_ptr<MemoryPool> pool = MemoryPool::create();
  GovernedDevice text{pool, {MemoryHolder::weights_text, MemoryHolder::compute_text}, kThreads, true};
  GovernedDevice vision{pool, {MemoryHolder::weights_vision, MemoryHolder::compute_vision}, kThreads, false};
  std::unique_ptr<Side> governed, plain;
};

TEST_P(GovernedIdentity, TextHasTheSameLogits) {
  ASSERT_TRUE(governed->context != nullptr && plain->context != nullptr);
  EXPECT_GT(pool->ledger().of(MemoryHolder::kv), 0U);  // the governed side really is governed
  std::vector<llama_token> prompt(200);
  std::iota(prompt.begin(), prompt.end(), 100);
  expect_same_steps(governed->decode(prompt), plain->decode(prompt));
}

// Text and picture as chunks: encoded and run on one side.
Logits run_picture(Side& side, const mtmd_bitmap* bitmap, std::vector<Logits>& embeddings) {
  mtmd::input_chunks_ptr chunks(mtmd_input_chunks_init());
  const std::string prompt = std::string("<|im_start|>User: ") + mtmd_default_marker() +
                             "What is this?<end_of_utterance>\nAssistant:";
  const mtmd_input_text input{prompt.c_str(), prompt.size(), true, true};
  EXPECT_EQ(mtmd_tokenize(side.vision.get(), chunks.get(), &input, &bitmap, 1), 0);
  llama_pos position = 0;
  for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks.get()); ++i) {
    const mtmd_input_chunk* chunk = mtmd_input_chunks_get(chunks.get(), i);
    const bool last = i + 1 == mtmd_input_chunks_size(chunks.get());
    EXPECT_EQ(mtmd_helper_eval_chunk_single(side.vision.get(), side.context, chunk, position, 0, 128, last,
                                            &position),
              0);
    if (mtmd_input_chunk_get_type(chunk) != MTMD_INPUT_CHUNK_TYPE_IMAGE) continue;
    const float* row = mtmd_get_output_embd(side.vision.get());
    const auto count =
        mtmd_input_chunk_get_n_tokens(chunk) * static_cast<std::size_t>(llama_model_n_embd_inp(side.model));
    embeddings.emplace_back(row, row + count);
  }
  return side.logits();
}

TEST_P(GovernedIdentity, PicturesHaveTheSameEmbeddingsAndLogits) {
  ASSERT_TRUE(governed->vision && plain->vision);
  constexpr std::uint32_t kWidth = 320, kHeight = 200;
  std::vector<unsigned char> pixels(kWidth * kHeight * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<unsigned char>(i * 7919 % 251);
  const mtmd::bitmap_ptr bitmap(mtmd_bitmap_init(kWidth, kHeight, pixels.data()));

  std::vector<Logits> ours, theirs;
  const Logits a = run_picture(*governed, bitmap.get(), ours), b = run_picture(*plain, bitmap.get(), theirs);
  ASSERT_EQ(ours.size(), theirs.size());
  ASSERT_GE(ours.size(), 2U);
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_TRUE(same_bits(ours[i], theirs[i])) << "tile " << i;
  expect_same_steps(a, b);
}

TEST_P(GovernedIdentity, EverythingIsGivenBack) {
  EXPECT_GT(pool->active_memory(), 0U);
  governed.reset();
  EXPECT_EQ(pool->active_memory(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Weights, GovernedIdentity,
                         testing::Values(Weights::as_in_the_file, Weights::repacked), [](const auto& each) {
                           return each.param == Weights::repacked ? "Repacked" : "AsInTheFile";
                         });

}  // namespace
}  // namespace plimsoll::engine
