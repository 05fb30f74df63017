// What our kernels take beside ggml's, in CPU time, which other work on the machine changes least: a tile of
// a picture by every kind of vision kernels, and prompts of some lengths. The best of the rounds counts.
//
//   bench_kernels TEXT.gguf [MMPROJ.gguf...] [--rounds N] [--threads N]
//
// One thread unless told otherwise: those that wait for each other take CPU time, too.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/engine_log.h"
#include "engine/mtmd_encoder.h"
#include "engine/siglip_encoder.h"
#include "engine/text_context.h"
#include "engine/vision_loader.h"
#include "kernels/kernels.h"
#include "plimsoll/configuration.h"

namespace {

using namespace plimsoll;
using namespace plimsoll::engine;

double cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

template <typename T>
T value_or_exit(Expected<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

struct Bench {
  std::shared_ptr<MemoryPool> pool = MemoryPool::create();
  CancelFlagPtr cancel = std::make_shared<CancelFlag>();
  int rounds = 3;
  int threads = 1;
};

// Noise, of a side that one tile covers.
Image noise(MemoryPool& pool, int side) {
  const auto bytes = static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3;
  Image image{side, side, value_or_exit(pool.allocate(MemoryHolder::media, bytes))};
  std::mt19937 random(3);
  std::generate_n(image.pixels.data(), bytes, [&] { return static_cast<std::byte>(random() % 256); });
  return image;
}

int tile_of(const std::string& path) {
  const auto file = value_or_exit(SiglipFile::open(path));
  if (file) return file->shape().tile;
  std::fprintf(stderr, "%s: not a SmolVLM's encoder\n", path.c_str());
  std::exit(1);
}

void measure_vision(const Bench& bench, TextModel& text, const std::string& path) {
  constexpr VisionKernels kAll[] = {VisionKernels::int8, VisionKernels::bf16, VisionKernels::plain,
                                    VisionKernels::libmtmd};
  GovernedDevice device(bench.pool, {MemoryHolder::weights_vision, MemoryHolder::compute_vision},
                        bench.threads, false);
  const Image image = noise(*bench.pool, tile_of(path));
  std::vector<std::unique_ptr<VisionEncoder>> encoders;
  for (const VisionKernels kernels : kAll) {
    encoders.push_back(
        value_or_exit(load_vision_encoder(path, kernels, text, device, bench.threads, {}, bench.cancel)));
  }
  std::vector<double> best(encoders.size(), 1e9);
  for (int round = 0; round < bench.rounds; ++round) {
    for (std::size_t i = 0; i < encoders.size(); ++i) {
      const double start = cpu_ms();
      const auto seen = value_or_exit(encoders[i]->encode(image, kFullImageSize, bench.cancel, {}));
      best[i] = std::min(best[i], (cpu_ms() - start) / seen->tiles());
    }
  }
  std::printf("%s, CPU ms a tile\n", path.c_str());
  for (std::size_t i = 0; i < encoders.size(); ++i) {
    std::printf("  %-8s %7.0f\n", std::string(to_string(kAll[i])).c_str(), best[i]);
  }
}

double prompt_ms(llama_context* context, int tokens) {
  llama_memory_clear(llama_get_memory(context), false);
  std::vector<llama_token> prompt(static_cast<std::size_t>(tokens));
  for (int i = 0; i < tokens; ++i) prompt[static_cast<std::size_t>(i)] = 300 + i * 7 % 1000;
  const double start = cpu_ms();
  if (llama_decode(context, llama_batch_get_one(prompt.data(), tokens)) != 0) std::abort();
  return cpu_ms() - start;
}

void measure_prompts(const Bench& bench, const std::string& path) {
  constexpr int kLengths[] = {1, 2, 3, 4, 5, 6, 8, 12, 16, 32, 64, 128, 256};
  struct Side {
    std::unique_ptr<GovernedDevice> device;
    std::unique_ptr<TextModel> model;
    std::unique_ptr<TextContext> context;
  } sides[2];
  for (const bool own : {true, false}) {
    Side& side = sides[own ? 0 : 1];
    side.device = std::make_unique<GovernedDevice>(
        bench.pool, GovernedDevice::Holders{MemoryHolder::weights_text, MemoryHolder::compute_text},
        bench.threads, false, own);
    side.model = value_or_exit(TextModel::open(path, *side.device));
    if (auto filled = side.model->fill(WeightLayout::plain, {}, bench.cancel); !filled) std::exit(1);
    side.context = value_or_exit(TextContext::create(*side.model, {512, 256}, bench.threads));
  }
  std::printf("%s, CPU ms a prompt: ours, ggml's, how many times faster\n", path.c_str());
  for (const int tokens : kLengths) {
    double best[2] = {1e9, 1e9};
    for (int round = 0; round <= bench.rounds; ++round) {
      for (int i : {0, 1}) best[i] = std::min(best[i], prompt_ms(sides[i].context->get(), tokens));
    }
    std::printf("  %3d tokens %8.1f %8.1f %5.2f\n", tokens, best[0], best[1], best[1] / best[0]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Bench bench;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
      bench.rounds = std::max(1, std::atoi(argv[++i]));
    } else if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
      bench.threads = std::max(1, std::atoi(argv[++i]));
    } else {
      files.emplace_back(argv[i]);
    }
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (files.empty()) {
    return std::fputs("usage: bench_kernels TEXT.gguf [MMPROJ.gguf...] [--rounds N] [--threads N]\n", stderr),
           2;
  }
  capture_engine_log();
  const kernels::Kernels* ours = kernels::best_kernels();
  std::printf("our kernels: %s\n", ours ? std::string(kernels::to_string(ours->set)).c_str() : "none");
  GovernedDevice device(bench.pool, {MemoryHolder::weights_text, MemoryHolder::compute_text}, bench.threads,
                        false);
  const auto text = value_or_exit(TextModel::open(files[0], device));
  for (std::size_t i = 1; i < files.size(); ++i) measure_vision(bench, *text, files[i]);
  measure_prompts(bench, files[0]);
  return 0;
}
