#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <limits>

#include "plimsoll/configuration.h"
#include "plimsoll/evaluator.h"

namespace plimsoll::cli {

namespace {

using session::DeviceChoice;
using session::SessionOptions;

constexpr int kLargestImageSize = 1 << 14;

CLI::Option* add_size(CLI::App& command, const std::string& name, std::optional<std::uint64_t>& target,
                      const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            auto bytes = parse_size(text);
            if (!bytes) throw CLI::ValidationError(name, bytes.error().message);
            target = *bytes;
          },
          description)
      ->type_name("SIZE");
}

// Empty: nothing to complain of.
std::string image_size_complaint(const std::string& text) {
  if (text == "full" || CLI::Range(1, kLargestImageSize)(text).empty()) return {};
  return text + " is neither \"full\" nor a number of pixels from 1 to " + std::to_string(kLargestImageSize);
}

}  // namespace

void add_device_options(CLI::App& command, DeviceChoice& choice) {
  command
      .add_option_function<std::string>(
          "--strategy", [&](const std::string& name) { choice.strategy = *strategy_from_string(name); },
          "How device classes are drawn: tiered (default), fitted (the same as ceilings, the plan deciding "
          "below "
          "them), quick-fix, or legacy, which is what the original app did")
      ->check(CLI::IsMember({"legacy", "quick-fix", "tiered", "fitted"}))
      ->type_name("NAME");
  add_size(command, "--device-memory", choice.device_memory_bytes,
           "Behave as a device with this much memory, e.g. 4GiB");
}

void add_model_options(CLI::App& command, SessionOptions& session) {
  session.model = kDefaultModel;
  command
      .add_option("--model", session.model,
                  "Name of a model that plimsoll models lists, folder with GGUF files, or text GGUF file")
      ->type_name("MODEL")
      ->capture_default_str();
  command.add_option("--mmproj", session.mmproj, "Vision encoder (GGUF) that goes with a model file")
      ->type_name("FILE");
  command
      .add_option_function<std::string>(
          "--vision-kernels",
          [&](const std::string& name) { session.vision_kernels = *vision_kernels_from_string(name); },
          "Arithmetic of the vision encoder: best (default), int8, bf16, plain, or libmtmd, which is "
          "llama.cpp's own encoder")
      ->check(CLI::IsMember({"best", "int8", "bf16", "plain", "libmtmd"}))
      ->type_name("NAME");
}

void add_engine_options(CLI::App& command, SessionOptions& session) {
  add_size(command, "--memory-limit", session.memory_limit_bytes,
           "Memory line instead of the class's, e.g. 600MB");
  add_size(command, "--cache-limit", session.cache_limit_bytes,
           "Cache limit instead of the class's, e.g. 20MB");
  command.add_option("--max-tokens", session.max_tokens, "Longest answer, in tokens")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option_function<std::string>(
          "--image-size",
          [&](const std::string& text) {
            session.image_size = text == "full" ? kFullImageSize : std::stoi(text);
          },
          "Longest side at which a picture is looked at, in pixels; \"full\" for all that the model can see")
      ->type_name("N")
      ->check(CLI::Validator(image_size_complaint, "N or full"));
  command
      .add_option("--temperature", session.temperature, "0 is greedy and gives the same answer every time")
      ->type_name("X")
      ->check(CLI::Range(0.0, 100.0));
  command.add_option("--top-p", session.top_p, "Sample from the likeliest tokens that add up to this share")
      ->type_name("X")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--threads", session.threads, "Threads of the engine; default: one for each processor")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command.add_flag("-v,--verbose", session.verbose, "Log what the engine does to stderr");
}

void DeviceOptions::add_to(CLI::App& command) {
  add_device_options(command, choice);
  command.add_flag("--json", json, "Print one JSON object instead of text");
}

void PlanOptions::add_to(CLI::App& command) {
  add_model_options(command, session);
  add_device_options(command, session.device);
  command.add_flag("--json", json, "Print one JSON object instead of text");
}

void WatchOptions::add_to(CLI::App& command) {
  command.add_option("pid", pid, "Process id; may be left out while only one is running")
      ->type_name("PID")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  command.add_flag("--json", json, "Print a JSON object a line instead of a view");
}

void PullOptions::add_to(CLI::App& command) {
  command
      .add_option("model", what,
                  "A name that plimsoll models lists, or hf:OWNER/REPO[:FILE] on Hugging Face; FILE may be a "
                  "quantisation such as Q4_K_M")
      ->required()
      ->type_name("NAME");
  command.add_option("--name", name, "What to call it here instead of its own name")->type_name("NAME");
  command
      .add_option("--stall-timeout", stall_seconds,
                  "Give a connection up when nothing has come for so many seconds")
      ->type_name("N")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command.add_option("--tries", tries, "How often in a row to try before giving up")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_flag("--json", json, "Print one JSON object instead of text");
  command.footer(
      "What an interrupted pull has fetched is kept, and the next one goes on from there. Models go to\n"
      "$PLIMSOLL_MODELS, else $XDG_DATA_HOME/plimsoll/models, else ~/.local/share/plimsoll/models. Files "
      "that\n"
      "llama.cpp or the Hugging Face client have in their caches are linked instead of fetched again.\n"
      "HF_ENDPOINT, HF_TOKEN, http_proxy, https_proxy, no_proxy and SSL_CERT_FILE are respected.");
}

void ModelsOptions::add_to(CLI::App& command) {
  command.add_flag("--json", json, "Print one JSON object instead of text");
}

void EvalOptions::add_to(CLI::App& command) {
  command
      .add_option("--questions", questions, "File with a JSON object a line: image, question, answer, task")
      ->required()
      ->type_name("FILE");
  command
      .add_option(
          "--json", json,
          "Write scores and answers here; an interrupted run with the same file goes on from where it "
          "stopped")
      ->type_name("FILE");
  command.add_flag("--wrong", show_wrong, "Show each answer that is not the expected one");
  command
      .add_option_function<std::string>(
          "--kv-type",
          [&](const std::string& name) {
            for (const KvType type : {KvType::f16, KvType::q8_0, KvType::q4_0}) {
              if (name == to_string(type)) session.kv_type = type;
            }
          },
          "Keep keys and values as f16, q8_0 or q4_0, instead of what the plan decides")
      ->check(CLI::IsMember({"f16", "q8_0", "q4_0"}))
      ->type_name("NAME");
  add_model_options(command, session);
  add_device_options(command, session.device);
  add_engine_options(command, session);
}

void ModelOptions::add_to(CLI::App& command) {
  PlanOptions::add_to(command);
  CLI::Option* const image =
      command.add_option("--image", images, "Picture to ask about; may be given several times")
          ->type_name("FILE")
          ->expected(1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--video", video, "Video to ask about, at up to one frame a second; instead of pictures")
      ->type_name("FILE")
      ->excludes(image);
  command.add_option("--system", system_prompt, "System prompt instead of the model's own; \"\" for none")
      ->type_name("TEXT");
  command.add_option("--seed", seed, "Makes sampling repeatable")->type_name("N");
  add_engine_options(command, session);
}

}  // namespace plimsoll::cli
