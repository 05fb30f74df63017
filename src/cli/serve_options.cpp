#include "cli/serve_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <fstream>

#include "cli/options.h"
#include "plimsoll/size.h"

namespace plimsoll::cli {

namespace {

// "--max-queue" is PLIMSOLL_MAX_QUEUE.
std::string variable_of(const CLI::Option& option) {
  std::string name = "PLIMSOLL_" + option.get_lnames().front();
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

void read_environment(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option->get_lnames().front() == "help") continue;
    option->envname(variable_of(*option));
  }
}

void add_door_options(CLI::App& command, ServeOptions& options) {
  server::ServerOptions& server = options.server;
  command.add_option("--host", server.host, "Address to listen at; 0.0.0.0 for all of this machine's")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command.add_option("--port", server.port, "Port to listen at; 0 for one that is free")
      ->type_name("N")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  CLI::Option* const key =
      command.add_option("--api-key", server.api_key, "Key that clients must send")->type_name("KEY");
  command.add_option("--api-key-file", options.api_key_file, "File whose first line is that key")
      ->type_name("FILE")
      ->excludes(key);
  command
      .add_option("--allow-origin", server.allow_origin,
                  "Origin whose pages may ask too, e.g. https://example.org; * for all")
      ->type_name("ORIGIN");
  command.add_flag("--allow-remote-images", server.allow_remote_images,
                   "Pictures may be http and https URLs of public addresses");
  command.add_flag("--metrics", server.metrics, "Answer GET /metrics for Prometheus");
}

void add_limit_options(CLI::App& command, ServeOptions& options) {
  server::ServerOptions& server = options.server;
  command
      .add_option("--max-queue", server.max_queue, "Questions that may wait behind those that are answered")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command
      .add_option("--parallel", options.session.answers_at_once,
                  "Answers that are written together where memory has room (default 1, 2 or 4, by the class)")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  command
      .add_option_function<std::string>(
          "--max-body",
          [&](const std::string& text) {
            const auto bytes = parse_size(text);
            if (!bytes || *bytes == 0)
              throw CLI::ValidationError("--max-body", text + " is no size; e.g. 32MB");
            server.max_body_bytes = *bytes;
          },
          "Largest request (default 32MB)")
      ->type_name("SIZE");
  command
      .add_option("--shutdown-seconds", options.shutdown_seconds,
                  "How long SIGTERM waits for the answers that are being written; 0: they are cancelled")
      ->type_name("N")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
}

}  // namespace

void ServeOptions::add_to(CLI::App& command) {
  add_door_options(command, *this);
  add_limit_options(command, *this);
  command.add_flag("--no-worker", no_worker, "The engine in this process, not in one of its own");
  add_model_options(command, session);
  add_device_options(command, session.device);
  command
      .add_option("--system", server.system_prompt,
                  "System prompt where a client sends none, instead of the model's own; \"\" for none")
      ->type_name("TEXT");
  add_engine_options(command, session);
  read_environment(command);
}

Expected<std::string> read_key_file(const std::string& path) {
  std::ifstream file(path);
  std::string key;
  if (!file || !std::getline(file, key)) {
    return fail(ErrorCode::io,
                "the key file " + path + " can not be read; give one with a key in its first line");
  }
  while (!key.empty() && std::isspace(static_cast<unsigned char>(key.back())) != 0) key.pop_back();
  if (key.empty()) {
    return fail(ErrorCode::invalid_argument, "the key file " + path + " has no key in its first line");
  }
  return key;
}

}  // namespace plimsoll::cli
