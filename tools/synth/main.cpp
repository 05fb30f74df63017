// plimsoll-synth: a model with random weights in SmolVLM's true shapes, to measure speed and memory without a
// download. What it says is noise.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "synth/general_keys.h"
#include "synth/gguf_stream.h"
#include "synth/model_writer.h"
#include "synth/progress.h"
#include "synth/shapes.h"
#include "synth/text_model.h"
#include "synth/vision_model.h"
#include "synth/vocabulary.h"
#include "synth/weight_type.h"

namespace plimsoll::synth {
namespace {

struct Options {
  std::string model;
  std::string type;
  std::uint64_t seed = 1;
  std::uint32_t longest_edge_pixels = 0;  // 0: the model's own
  std::string only;                       // "text" or "vision"; empty: both
  std::filesystem::path folder;
};

void declare_flags(CLI::App& app, Options& options) {
  app.add_option("--arch", options.model, "the model whose shapes to take")
      ->required()
      ->check(CLI::IsMember(model_names()));
  app.add_option("--type", options.type, "the weights' type")
      ->required()
      ->check(CLI::IsMember(weight_type_names()));
  app.add_option("--seed", options.seed, "the same seed gives the same bytes")->capture_default_str();
  app.add_option(
      "--longest-edge", options.longest_edge_pixels,
      "pixels that a picture is scaled to before it is cut into tiles; the default is the model's own");
  app.add_option("--only", options.only, "write one of the two files: the vision encoder of another type")
      ->check(CLI::IsMember({"text", "vision"}));
  app.add_option("--out", options.folder, "folder for the files; made if missing")->required();
}

// A wider picture would need tokens for rows and columns that the vocabulary hasn't got.
void settle_longest_edge(Options& options) {
  const VisionShape& vision = shape_of(options.model).vision;
  if (options.longest_edge_pixels == 0) options.longest_edge_pixels = vision.longest_edge_pixels;
  const std::uint32_t largest = kMaxGridSide * vision.tile_pixels;
  if (options.longest_edge_pixels < vision.tile_pixels || options.longest_edge_pixels > largest) {
    throw CLI::ValidationError("--longest-edge", "must be from " + std::to_string(vision.tile_pixels) +
                                                     " to " + std::to_string(largest) + " for " +
                                                     options.model);
  }
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw std::system_error(error, "cannot make the folder " + folder.string());
}

struct Output {
  std::filesystem::path target;
  ModelFile model;
};

std::vector<Output> outputs_of(const Options& options) {
  const ModelShape& shape = shape_of(options.model);
  const WeightType type = weight_type_of(options.type);
  const std::string name = synthetic_name(shape, type) + ".gguf";
  std::vector<Output> outputs;
  if (options.only != "vision")
    outputs.push_back({options.folder / name, text_model(shape, type, make_vocabulary())});
  if (options.only != "text")
    outputs.push_back(
        {options.folder / ("mmproj-" + name), vision_model(shape, type, options.longest_edge_pixels)});
  return outputs;
}

void write_files(const Options& options) {
  std::vector<Output> outputs = outputs_of(options);
  make_folder(options.folder);
  std::uint64_t bytes = 0;
  for (const Output& output : outputs) bytes += tensor_bytes(output.model);
  {
    Progress progress(bytes);
    for (Output& output : outputs) write_model(output.target, output.model, options.seed, progress);
  }
  for (const Output& output : outputs) std::printf("%s\n", output.target.c_str());
}

}  // namespace
}  // namespace plimsoll::synth

int main(int argc, char** argv) {
  using namespace plimsoll::synth;
  Options options;
  CLI::App app("Writes a model with random weights in SmolVLM's shapes, for measuring.", "plimsoll-synth");
  try {
    declare_flags(app, options);
    app.parse(argc, argv);
    settle_longest_edge(options);
    write_files(options);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plimsoll-synth: %s\n", error.what());
    return 1;
  }
}
