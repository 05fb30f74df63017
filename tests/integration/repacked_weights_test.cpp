// ggml's repacked layouts are not lost on the governed device, and their memory is charged.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <numeric>
#include <vector>

#include "engine/engine_log.h"
#include "engine/text_context.h"
#include "ggml-cpu.h"
#include "tests/integration/q4_model.h"

namespace plimsoll::engine {
namespace {

namespace fs = std::filesystem;

constexpr int kThreads = 2;

// The logits behind a prompt, and the bytes that the weights were charged.
struct Outcome {
  std::vector<float> logits;
  std::size_t weights_bytes = 0;
};

Outcome run(const fs::path& path, bool repack) {
  auto pool = MemoryPool::create();
  GovernedDevice device(pool, {MemoryHolder::weights_text, MemoryHolder::compute_text}, kThreads, repack);
  auto cancel = std::make_shared<CancelFlag>();
  auto model = TextModel::open(path, device);
  EXPECT_TRUE(model) << model.error().message;
  if (!model || !(*model)->fill(WeightLayout::repacked, {}, cancel)) return {};
  auto context = TextContext::create(**model, {512, 128}, kThreads);
  std::vector<llama_token> prompt(100);
  std::iota(prompt.begin(), prompt.end(), 100);
  EXPECT_TRUE((*context)->sequence(0).append(prompt, cancel));
  const float* row = llama_get_logits_ith((*context)->get(), -1);
  const int vocabulary = llama_vocab_n_tokens(llama_model_get_vocab((*model)->get()));
  return {{row, row + vocabulary}, pool->ledger().of(MemoryHolder::weights_text)};
}

std::vector<float> run_plain(const fs::path& path) {
  static ggml_backend_dev_t no_devices[] = {nullptr};
  llama_model_params model_params = llama_model_default_params();
  model_params.devices = no_devices;
  llama_model* model = llama_model_load_from_file(path.c_str(), model_params);
  llama_context_params params = llama_context_default_params();
  params.n_ctx = 512;
  params.n_batch = params.n_ubatch = 128;
  params.n_threads = params.n_threads_batch = kThreads;
  llama_context* context = llama_init_from_model(model, params);
  std::vector<llama_token> prompt(100);
  std::iota(prompt.begin(), prompt.end(), 100);
  EXPECT_EQ(llama_decode(context, llama_batch_get_one(prompt.data(), static_cast<int>(prompt.size()))), 0);
  const float* row = llama_get_logits_ith(context, -1);
  std::vector<float> logits(row, row + llama_vocab_n_tokens(llama_model_get_vocab(model)));
  llama_free(context);
  llama_model_free(model);
  return logits;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && !a.empty() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(RepackedWeights, AreUsedChargedAndComputeTheSame) {
  capture_engine_log();
  if (!ggml_cpu_has_avx2() && !ggml_cpu_has_neon())
    GTEST_SKIP() << "this processor has no repacked layout for Q4_0";
  const test::Q4Model model;
  const Outcome repacked = run(model.path(), true), mapped = run(model.path(), false);
  EXPECT_GT(repacked.weights_bytes, std::size_t{4} << 20);
  EXPECT_GT(mapped.weights_bytes, std::size_t{4} << 20);
  // The repacked kernels add up in another order: the same bits as plain CPU with them, others without.
  EXPECT_TRUE(same_bits(repacked.logits, run_plain(model.path())));
  EXPECT_FALSE(same_bits(repacked.logits, mapped.logits));
}

TEST(RepackedWeights, AContextIsDrawnUpBeforeTheyAreThereAsItIsAfter) {
  const test::Q4Model model;
  auto pool = MemoryPool::create();
  GovernedDevice device(pool, {MemoryHolder::weights_text, MemoryHolder::compute_text}, kThreads, true);
  auto opened = TextModel::open(model.path(), device);
  ASSERT_TRUE(opened) << opened.error().message;
  auto drawn_up = TextContext::bytes_for(**opened, {512, 128}, kThreads);
  ASSERT_TRUE(drawn_up) << drawn_up.error().message;

  ASSERT_TRUE((*opened)->fill(WeightLayout::repacked, {}, std::make_shared<CancelFlag>()));
  auto context = TextContext::create(**opened, {512, 128}, kThreads);
  ASSERT_TRUE(context) << context.error().message;
  const std::vector<llama_token> prompt(128, 100);
  ASSERT_TRUE((*context)->sequence(0).append(prompt, std::make_shared<CancelFlag>()));
  const MemoryLedger ledger = pool->ledger();
  EXPECT_EQ(ledger.of(MemoryHolder::kv), drawn_up->kv);
  EXPECT_EQ(ledger.holder_peak_bytes[static_cast<std::size_t>(MemoryHolder::compute_text)],
            drawn_up->compute);
}

TEST(RepackedWeights, ARefusalIsClean) {
  capture_engine_log();
  const test::Q4Model model;
  auto pool = MemoryPool::create();
  for (std::size_t limit = std::size_t{1} << 20; limit < (std::size_t{12} << 20);
       limit += std::size_t{1} << 20) {
    pool->set_memory_limit(limit);
    {
      GovernedDevice device(pool, {MemoryHolder::weights_text, MemoryHolder::compute_text}, kThreads, true);
      auto opened = TextModel::open(model.path(), device);
      ASSERT_TRUE(opened) << opened.error().message;
      auto filled = (*opened)->fill(WeightLayout::repacked, {}, std::make_shared<CancelFlag>());
      EXPECT_TRUE(filled || filled.error().code == ErrorCode::over_budget) << filled.error().message;
    }
    EXPECT_EQ(pool->active_memory(), 0U);
  }
  EXPECT_LE(pool->peak_memory(), std::size_t{12} << 20);
}

}  // namespace
}  // namespace plimsoll::engine
