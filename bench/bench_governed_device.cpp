// What the governed device costs: prefill and decode on it against ggml's plain CPU, alternately, same model
// file, same context, same threads. With "own" at the end our own kernels multiply Q8_0 weights, as they do
// in the program.
//
//   bench_governed_device TEXT.gguf [ROUNDS] [THREADS] [own]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/median.h"
#include "engine/engine_log.h"
#include "engine/text_context.h"

namespace {

using namespace plimsoll;
using Clock = std::chrono::steady_clock;

constexpr int kPrefillTokens = 256;
constexpr int kDecodeTokens = 64;
constexpr int kContextTokens = 512;
constexpr int kBatchTokens = 256;

struct Speed {
  double prefill;  // tokens per second
  double decode;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void decode(llama_context* context, std::vector<llama_token> tokens) {
  if (llama_decode(context, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))) != 0)
    std::abort();
}

Speed measure(llama_context* context) {
  llama_memory_clear(llama_get_memory(context), false);
  std::vector<llama_token> prompt(kPrefillTokens);
  for (int i = 0; i < kPrefillTokens; ++i) prompt[static_cast<std::size_t>(i)] = 300 + i * 7 % 1000;
  const auto prefill_start = Clock::now();
  decode(context, prompt);
  const double prefill = kPrefillTokens / seconds_since(prefill_start);
  const auto decode_start = Clock::now();
  for (int i = 0; i < kDecodeTokens; ++i) decode(context, {300 + i});
  return {prefill, kDecodeTokens / seconds_since(decode_start)};
}

llama_context* plain_context(const char* path, int threads) {
  static ggml_backend_dev_t no_devices[] = {nullptr};
  llama_model_params model_params = llama_model_default_params();
  model_params.devices = no_devices;
  model_params.n_gpu_layers = 0;
  llama_model* model = llama_model_load_from_file(path, model_params);
  llama_context_params params = llama_context_default_params();
  params.n_ctx = kContextTokens;
  params.n_batch = params.n_ubatch = kBatchTokens;
  params.n_outputs_max = 1;
  params.n_threads = params.n_threads_batch = threads;
  return model == nullptr ? nullptr : llama_init_from_model(model, params);
}

void print_row(const char* name, const std::vector<double>& ours, const std::vector<double>& plain) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / plain[i]);
  std::printf("%-8s governed %8.2f tokens/s   plain CPU %8.2f tokens/s   ratio %.3f (of pairs, median)\n",
              name, bench::median(ours), bench::median(plain), bench::median(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2)
    return std::fputs("usage: bench_governed_device TEXT.gguf [ROUNDS] [THREADS] [own]\n", stderr), 2;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 9;
  const int threads = argc > 3 ? std::atoi(argv[3]) : 2;
  const bool own = argc > 4 && std::string_view(argv[4]) == "own";
  engine::capture_engine_log();

  auto pool = MemoryPool::create();
  engine::GovernedDevice device(pool, {MemoryHolder::weights_text, MemoryHolder::compute_text}, threads, true,
                                own);
  auto cancel = std::make_shared<CancelFlag>();
  auto model = engine::TextModel::open(argv[1], device);
  if (!model) return std::fprintf(stderr, "%s\n", model.error().message.c_str()), 1;
  auto filled = (*model)->fill(engine::WeightLayout::repacked, {}, cancel);
  if (!filled) return std::fprintf(stderr, "%s\n", filled.error().message.c_str()), 1;
  auto context = engine::TextContext::create(**model, {kContextTokens, kBatchTokens}, threads);
  llama_context* plain = plain_context(argv[1], threads);
  if (!context || plain == nullptr) return std::fputs("the model could not be loaded twice\n", stderr), 1;

  std::vector<double> ours[2], theirs[2];
  for (int i = -1; i < rounds; ++i) {  // the first pair warms up
    const Speed governed = measure((*context)->get()), cpu = measure(plain);
    if (i < 0) continue;
    ours[0].push_back(governed.prefill), theirs[0].push_back(cpu.prefill);
    ours[1].push_back(governed.decode), theirs[1].push_back(cpu.decode);
  }
  print_row("prefill", ours[0], theirs[0]);
  print_row("decode", ours[1], theirs[1]);
  llama_free(plain);
  return 0;
}
