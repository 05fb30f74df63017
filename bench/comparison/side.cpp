#include "bench/comparison/side.h"

#include "bench/threads.h"

namespace plimsoll::bench {

namespace {

constexpr const char* kQuestion = "Describe this image.";

}  // namespace

std::string Setting::text() const { return models + "/smolvlm2-500m-q8_0/smolvlm2-500m-synthetic-q8_0.gguf"; }

std::string Setting::one_tile(const std::string& type) const {
  return models + "/smolvlm2-500m-" + (type == "q8_0" ? type : type + "-vision") +
         "/mmproj-smolvlm2-500m-synthetic-" + type + ".gguf";
}

std::string Setting::many_tiles() const {
  return models + "/smolvlm2-500m-q8_0-vision-2048/mmproj-smolvlm2-500m-synthetic-q8_0.gguf";
}

Command our_question(const Setting& setting, const std::string& mmproj) {
  return {setting.ours + "/plimsoll",
          "run",
          "--model",
          setting.text(),
          "--mmproj",
          mmproj,
          "--image",
          setting.picture,
          "--temperature",
          "0",
          "--threads",
          std::to_string(kThreads),
          kQuestion};
}

Command peer_question(const Setting& setting, const std::string& mmproj) {
  return {setting.peer + "/llama-mtmd-cli",
          "-m",
          setting.text(),
          "--mmproj",
          mmproj,
          "--image",
          setting.picture,
          "-p",
          kQuestion,
          "--temp",
          "0",
          "-t",
          std::to_string(kThreads)};
}

Command with(Command command, const Command& words) {
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

}  // namespace plimsoll::bench
