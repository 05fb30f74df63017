// bench_compare: plimsoll against llama.cpp's own tools, the same files, alternately; prints medians and
// ratios. bench/compare builds what this needs and calls it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "bench/child_process.h"
#include "bench/comparison/machine.h"
#include "bench/comparison/picture.h"
#include "bench/comparison/sections.h"
#include "bench/threads.h"

namespace plimsoll::bench {
namespace {

struct Options {
  Setting setting;
  bool quick = false;
  std::string work;  // folder for the picture
  std::string json_file;
};

void declare_flags(CLI::App& app, Options& options) {
  app.add_option("--ours", options.setting.ours, "folder with plimsoll's programs")->required();
  app.add_option("--peer", options.setting.peer, "folder with llama.cpp's programs")->required();
  app.add_option("--models", options.setting.models, "folder with the synthetic models")->required();
  app.add_option("--example", options.setting.example, "a picture for the bundled model")->required();
  app.add_option("--work", options.work, "folder for the picture that is asked about")->required();
  app.add_flag("--quick", options.quick, "fewer runs; figures to look at, not to quote");
  app.add_option("--json", options.json_file, "write the figures to this file, as one JSON object");
}

void be_quick(Setting& setting) {
  setting.rounds = 2;
  setting.default_rounds = 1;
  setting.cancels = 20;
}

void write_picture(Options& options) {
  const std::filesystem::path path = std::filesystem::path(options.work) / "picture-640x480.jpg";
  std::filesystem::create_directories(options.work);
  std::ofstream(path, std::ios::binary) << jpeg_picture(kPictureWidth, kPictureHeight, 0);
  options.setting.picture = path;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// llama.cpp's tools print theirs to stderr.
std::string version_of(const std::string& program) {
  const Finished finished = run({program, "--version"});
  return first_line(finished.out.empty() ? finished.err : finished.out);
}

Json versions_json(const Setting& setting) {
  return {{"ours", version_of(setting.ours + "/plimsoll")},
          {"peer", version_of(setting.peer + "/llama-mtmd-cli")},
          {"compiler", __VERSION__}};
}

Json figures_json(const Figures& figures) {
  Json json = Json::object();
  for (const auto& [name, figure] : figures) json[name] = figure_json(figure);
  return json;
}

void print_rows(const std::string& prefix, const Figures& figures) {
  for (const auto& [name, figure] : figures) std::printf("%s\n", figure_row(prefix + name, figure).c_str());
  std::fflush(stdout);
}

Json compare(const Setting& setting) {
  Json json = {{"machine", machine_json()},
               {"versions", versions_json(setting)},
               {"model", "smolvlm2-500m shapes, q8_0, random weights"},
               {"threads", kThreads},
               {"picture", "640x480 JPEG"},
               {"runs",
                {{"rounds", setting.rounds},
                 {"default_rounds", setting.default_rounds},
                 {"cancels", setting.cancels}}}};
  std::printf("%-30s %12s %12s  %-9s %8s\n", "", "ours", "peer", "", "ratio");
  for (const auto measure : {measure_one_tile, measure_many_tiles, measure_text, measure_second_question}) {
    const Figures figures = measure(setting);
    print_rows("", figures);
    json.update(figures_json(figures));
  }
  const Figures cancels = measure_cancels(setting);
  print_rows("cancel p99, ", cancels);
  json["cancel_p99_ms"] = figures_json(cancels);
  return json;
}

}  // namespace
}  // namespace plimsoll::bench

int main(int argc, char** argv) {
  using namespace plimsoll::bench;
  Options options;
  CLI::App app("Compares plimsoll with llama.cpp's own tools.", "bench_compare");
  declare_flags(app, options);
  CLI11_PARSE(app, argc, argv);
  if (options.quick) be_quick(options.setting);
  std::ofstream file;
  if (!options.json_file.empty()) {
    file.open(options.json_file);  // now: after many minutes it would be late to hear that it can't be
    if (!file) return std::fprintf(stderr, "%s can not be written\n", options.json_file.c_str()), 1;
  }
  write_picture(options);
  const Json json = compare(options.setting);
  if (file.is_open() && !(file << json.dump(2) << std::endl))
    return std::fprintf(stderr, "%s could not be written\n", options.json_file.c_str()), 1;
  return 0;
}
